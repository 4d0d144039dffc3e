package io.pysparkflume.streaming;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.spark.SparkConf;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class RateLimitTest {
    @Test
    void onlyOneBatchIsAheadOfTheRateFromAnyNumberOfThreads() throws Exception {
        RateLimit limit = new RateLimit(() -> 1_000);
        ExecutorService threads = Executors.newFixedThreadPool(5);
        long began = System.nanoTime();

        List<Future<?>> batches = new ArrayList<>();
        for (int i = 0; i < 6; i++) {
            batches.add(threads.submit(() -> {
                limit.await(100);
                return null;
            }));
        }
        for (Future<?> batch : batches) {
            batch.get();
        }

        double seconds = (System.nanoTime() - began) / 1e9;
        threads.shutdown();
        assertTrue(seconds >= 0.5, "600 events at 1,000/s, 100 of them at once: " + seconds + " s");
    }

    @Test
    void aNewRateAppliesFromTheNextBatch() throws Exception {
        AtomicLong rate = new AtomicLong(1);
        RateLimit limit = new RateLimit(rate::get);
        rate.set(1_000_000);

        limit.await(1_000);
        limit.await(1_000);

        rate.set(1);
        limit.await(100);
        assertThrows(IllegalStateException.class, () -> limit.await(1));
    }

    @Test
    void aBatchThatWouldWaitTooLongIsRefusedAtOnceAndUsesNoneOfTheRate() throws Exception {
        RateLimit limit = new RateLimit(() -> 10);
        limit.await(1_000);

        for (int i = 0; i < 3; i++) {
            IllegalStateException e =
                    assertThrows(IllegalStateException.class, () -> limit.await(1_000));
            assertEquals("over the receiver's rate of 10 events/s"
                    + " (spark.streaming.receiver.maxRate or backpressure)", e.getMessage());
        }
    }

    @Test
    void aBatchIsAConsumersShareOfOneSecond() {
        assertEquals(1_000, new RateLimit(() -> Long.MAX_VALUE).batchSize(1_000, 5));
        assertEquals(400, new RateLimit(() -> 2_000).batchSize(1_000, 5));
        assertEquals(1, new RateLimit(() -> 2).batchSize(1_000, 5));
    }

    @Test
    void aRateOfZeroOrLessIsNoLimit() throws Exception {
        for (String none : new String[] {"0", "-1"}) {
            SparkConf conf = new SparkConf(false).set("spark.streaming.receiver.maxRate", none);
            RateLimit limit = RateLimit.of(conf, () -> {
                throw new IllegalArgumentException("rate must be positive"); // as Spark's does
            });

            limit.await(1_000_000);
            limit.await(1_000_000);
            assertEquals(1_000, limit.batchSize(1_000, 5));
        }
    }

    @Test
    void aStopEndsAllWaits() throws Exception {
        RateLimit limit = new RateLimit(() -> 100);
        limit.await(900);
        ExecutorService thread = Executors.newSingleThreadExecutor();
        Future<?> waiting = thread.submit(() -> {
            limit.await(1);
            return null;
        });

        limit.stop();

        ExecutionException e = assertThrows(ExecutionException.class, waiting::get);
        assertEquals("the receiver is stopping", e.getCause().getMessage());
        thread.shutdown();
    }
}
