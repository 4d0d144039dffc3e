package io.pysparkflume.streaming;

import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What all connections to one sink know of it; logs a line for each change, not for each try. */
final class SinkStatus {
    private static final Logger LOG = LoggerFactory.getLogger(SinkStatus.class);

    private enum State { UNKNOWN, CONNECTED, LOST }

    private final String sink;
    private State state = State.UNKNOWN;
    private long lostNanos;
    private String lastError;

    /** @param sink host and port as a log line names them */
    SinkStatus(String sink) {
        this.sink = sink;
    }

    synchronized void connected() {
        if (state == State.LOST) {
            // As loud as its loss: PySpark's default log shows warnings, and no more.
            LOG.warn("Flume sink {} connected again after {} s",
                    sink, TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - lostNanos));
        } else if (state == State.UNKNOWN) {
            LOG.info("Flume sink {} connected", sink);
        }
        state = State.CONNECTED;
    }

    synchronized void lost(String reason) {
        if (state == State.LOST) {
            return;
        }
        LOG.warn("Flume sink {} {}: {}; trying until it is there",
                sink, state == State.UNKNOWN ? "not reached" : "lost", reason);
        state = State.LOST;
        lostNanos = System.nanoTime();
        lastError = null;
    }

    /** An error that the sink answers again and again is logged once. */
    synchronized void refused(String error, int eventsMax) {
        if (error.equals(lastError)) {
            return;
        }
        lastError = error;
        LOG.warn("Flume sink {} gives no events: {}{}", sink, error, remedy(error, eventsMax));
    }

    private static String remedy(String error, int eventsMax) {
        // Flume's memory and file channels, alike.
        return error.startsWith("Take list ") && error.contains(" full")
                ? "; lower maxBatchSize (a batch may have " + eventsMax + " events)"
                        + " or raise the channel's transactionCapacity"
                : "";
    }
}
