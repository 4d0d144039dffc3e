package org.apache.spark.streaming.flume.sink;

import org.apache.flume.ChannelException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The most events that the channel gives in one transaction: its transactionCapacity, which shows
 * only when the channel refuses one more.
 *
 * <p>A consumer that asks for more (Spark asks for 1000, a memory channel allows 100 by default)
 * gets that many, and the agent logs it once.
 */
final class TakeLimit {
    private static final Logger LOG = LoggerFactory.getLogger(TakeLimit.class);

    private final String sink;
    private final String channel;
    private volatile int eventsMax = Integer.MAX_VALUE;

    TakeLimit(String sink, String channel) {
        this.sink = sink;
        this.channel = channel;
    }

    int atMost(int eventsAsked) {
        return Math.min(eventsAsked, eventsMax);
    }

    /** Notes the limit if {@code refusal} says that a transaction is full; false otherwise. */
    synchronized boolean reached(ChannelException refusal, int eventsTaken, int eventsAsked) {
        // Flume's memory, file and spillable channels say this; they have no exception type for it.
        if (eventsTaken == 0 || !String.valueOf(refusal.getMessage()).startsWith("Take list")) {
            return false;
        }
        if (eventsMax != eventsTaken) {
            eventsMax = eventsTaken;
            LOG.warn("Sink {}: Spark asks for {} events a batch and gets {}, since channel {} has"
                    + " transactionCapacity = {}; raise it to {}, or lower maxBatchSize",
                    sink, eventsAsked, eventsTaken, channel, eventsTaken, eventsAsked);
        }
        return true;
    }
}
