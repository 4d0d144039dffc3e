package io.pysparkflume.streaming;

import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.apache.spark.SparkConf;

/**
 * Keeps a receiver to Spark's rate: {@code spark.streaming.receiver.maxRate}, as lowered by
 * backpressure.
 *
 * <p>Spark itself limits only events that are stored one by one, not batches that become a block of
 * their own. In any period no more events pass than the rate allows, plus one batch.
 */
final class RateLimit {
    private static final String MAX_RATE = "spark.streaming.receiver.maxRate";

    /**
     * Flume's avro sink gives up an unanswered batch after 20 s, a SparkSink after 60 s, and sends
     * it again. So a batch that would have to wait longer than this is not accepted at all.
     */
    private static final long WAIT_NANOS_MAX = TimeUnit.SECONDS.toNanos(10);

    private final LongSupplier eventsPerSecond;
    private long paidNanos = System.nanoTime();
    private boolean stopped;

    /** @param eventsPerSecond the current rate; called for each batch */
    RateLimit(LongSupplier eventsPerSecond) {
        this.eventsPerSecond = eventsPerSecond;
    }

    /** Treats 0 or less as no limit, as Spark documents it; Spark's own limiter fails on these. */
    static RateLimit of(SparkConf conf, LongSupplier eventsPerSecond) {
        boolean limited = conf.getLong(MAX_RATE, Long.MAX_VALUE) > 0;
        return new RateLimit(limited ? eventsPerSecond : () -> Long.MAX_VALUE);
    }

    /** Returns a batch size such that one batch from each consumer is stored within a second. */
    int batchSize(int eventsMax, int consumers) {
        return (int) Math.max(1, Math.min(eventsMax, eventsPerSecond.getAsLong() / consumers));
    }

    /**
     * Waits until {@code events} more are within the rate.
     *
     * @throws IllegalStateException the wait would be too long, or the receiver is stopping: the
     *     events must not be stored
     */
    synchronized void await(int events) throws InterruptedException {
        long rate = eventsPerSecond.getAsLong();
        long now = System.nanoTime();
        long start = now + Math.max(0, paidNanos - now);
        if (start - now > WAIT_NANOS_MAX) {
            throw new IllegalStateException(
                    "over the receiver's rate of " + rate + " events/s (" + MAX_RATE
                            + " or backpressure)");
        }
        paidNanos = start + (long) (events * (double) TimeUnit.SECONDS.toNanos(1) / rate);
        for (long left = start - now; left > 0 && !stopped; left = start - System.nanoTime()) {
            TimeUnit.NANOSECONDS.timedWait(this, left);
        }
        if (stopped) {
            throw new IllegalStateException("the receiver is stopping");
        }
    }

    /** Ends all waits. */
    synchronized void stop() {
        stopped = true;
        notifyAll();
    }
}
