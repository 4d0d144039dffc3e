package io.pysparkflume.streaming;

import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The state of one sink for all its connections; logs a line per change, not per try. */
final class SinkStatus {
    private static final Logger LOG = LoggerFactory.getLogger(SinkStatus.class);

    private enum State { UNKNOWN, CONNECTED, LOST }

    private final String sink;
    private State state = State.UNKNOWN;
    private long lostNanos;
    private String lastError;

    /** @param sink host and port, as log lines name them */
    SinkStatus(String sink) {
        this.sink = sink;
    }

    synchronized void connected() {
        if (state == State.LOST) {
            // A warning, like its loss: PySpark's log shows only warnings by default.
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
        LOG.warn("Flume sink {} {}: {}; retrying",
                sink, state == State.UNKNOWN ? "cannot be reached" : "lost", reason);
        state = State.LOST;
        lostNanos = System.nanoTime();
        lastError = null;
    }

    /** Logs an error of the sink, once if the sink repeats it. */
    synchronized void refused(String error, int eventsMax) {
        if (error.equals(lastError)) {
            return;
        }
        lastError = error;
        LOG.warn("Flume sink {} gives no events: {}{}", sink, error, remedy(error, eventsMax));
    }

    private static String remedy(String error, int eventsMax) {
        // The text of Flume's memory and file channels.
        return error.startsWith("Take list ") && error.contains(" full")
                ? "; lower maxBatchSize (a batch may have " + eventsMax + " events)"
                        + " or raise the channel's transactionCapacity"
                : "";
    }
}
