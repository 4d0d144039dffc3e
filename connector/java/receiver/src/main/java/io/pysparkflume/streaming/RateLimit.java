package io.pysparkflume.streaming;

import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.apache.spark.SparkConf;

/**
 * Holds a receiver to Spark's rate: {@code spark.streaming.receiver.maxRate}, and what backpressure
 * makes of it.
 *
 * <p>Spark itself limits events that are stored one by one; a batch that becomes a block of its own
 * goes by its limiter. Over any time no more is let through than the rate and one batch.
 */
final class RateLimit {
    private static final String MAX_RATE = "spark.streaming.receiver.maxRate";

    /**
     * Flume's avro sink gives up on an unanswered batch after 20 s, a SparkSink after 60 s, and
     * sends it again: so what would have to wait for longer is not taken at all.
     */
    private static final long WAIT_NANOS_MAX = TimeUnit.SECONDS.toNanos(10);

    private final LongSupplier eventsPerSecond;
    private long paidNanos = System.nanoTime();
    private boolean stopped;

    /** @param eventsPerSecond asked anew for each batch */
    RateLimit(LongSupplier eventsPerSecond) {
        this.eventsPerSecond = eventsPerSecond;
    }

    /** With 0 or less, Spark's docs say, there is no limit; its own limiter fails on that. */
    static RateLimit of(SparkConf conf, LongSupplier eventsPerSecond) {
        boolean limited = conf.getLong(MAX_RATE, Long.MAX_VALUE) > 0;
        return new RateLimit(limited ? eventsPerSecond : () -> Long.MAX_VALUE);
    }

    /** How many events to ask for, so that a batch of each consumer is stored within a second. */
    int batchSize(int eventsMax, int consumers) {
        return (int) Math.max(1, Math.min(eventsMax, eventsPerSecond.getAsLong() / consumers));
    }

    /**
     * Waits until {@code events} more keep to the rate.
     *
     * @throws IllegalStateException that would take too long, or the receiver is stopping: they
     *     may not be stored
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
