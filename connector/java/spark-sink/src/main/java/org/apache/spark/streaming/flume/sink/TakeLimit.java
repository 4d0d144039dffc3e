package org.apache.spark.streaming.flume.sink;

import org.apache.flume.ChannelException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How many events the channel gives in one transaction: its transactionCapacity, which it tells
 * only by refusing one more.
 *
 * <p>A consumer that asks for more (Spark's 1000, where a memory channel has 100) gets as many, and
 * the agent's log says so once.
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

    /** Whether {@code refusal} says that a transaction of {@code eventsTaken} is full. */
    synchronized boolean reached(ChannelException refusal, int eventsTaken, int eventsAsked) {
        // Flume's memory, file and spillable channels; it has no type of its own.
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
