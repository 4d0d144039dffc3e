package org.apache.spark.streaming.flume.sink;

import io.netty.util.concurrent.DefaultThreadFactory;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.spark.streaming.flume.sink.BatchTransaction.Consumer;
import org.apache.spark.streaming.flume.sink.BatchTransaction.Origin;
import org.apache.spark.streaming.flume.sink.BatchTransaction.Outcome;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The open batches of one run of a sink, by sequence number. */
final class BatchTransactions {
    private static final Logger LOG = LoggerFactory.getLogger(BatchTransactions.class);

    /** Calls that may wait for a thread; a Spark receiver makes 5 at a time. */
    private static final int WAITING_MAX = 1000;

    private static final long IDLE_THREAD_SECONDS = 60;
    private static final long ROLLBACK_SECONDS = 5;

    private final Origin origin;
    private final ThreadPoolExecutor threads;
    private final Map<String, BatchTransaction> open = new ConcurrentHashMap<>();

    /** A prefix that keeps a late ack of an earlier run's batch from matching a new batch. */
    private final String run = UUID.randomUUID().toString().substring(0, 8);

    private final AtomicLong batches = new AtomicLong();

    /** @param threadsMax how many batches may wait at once for events or for their ack */
    BatchTransactions(Origin origin, int threadsMax) {
        this.origin = origin;
        threads = new ThreadPoolExecutor(
                threadsMax, threadsMax, IDLE_THREAD_SECONDS, TimeUnit.SECONDS,
                new ArrayBlockingQueue<>(WAITING_MAX),
                new DefaultThreadFactory("spark-sink-" + origin.sink(), true));
        threads.allowCoreThreadTimeOut(true);
    }

    /** Gives the consumer a batch of up to {@code eventsMax} events, once there are some. */
    BatchTransaction begin(int eventsMax, Consumer consumer) {
        String sequenceNumber = run + batches.incrementAndGet();
        BatchTransaction batch =
                new BatchTransaction(origin, sequenceNumber, eventsMax, consumer);
        open.put(sequenceNumber, batch);
        batch.closed().whenComplete((done, failure) -> open.remove(sequenceNumber));
        try {
            threads.execute(batch);
        } catch (RejectedExecutionException e) {
            consumer.refuse("Sink " + origin.sink() + (threads.isShutdown()
                    ? " is being stopped"
                    : ": " + WAITING_MAX + " calls are waiting for its threads; raise threads"));
            batch.closed().cancel(false);
        }
        return batch;
    }

    /**
     * Ends a batch as its consumer has reported.
     *
     * @return completed once the transaction is committed or rolled back
     */
    CompletableFuture<Void> end(String sequenceNumber, Outcome outcome) {
        BatchTransaction batch = open.get(sequenceNumber);
        if (batch == null || !batch.end(outcome)) {
            LOG.warn("Sink {}: batch {} is no longer open and cannot be {}; its events are sent"
                    + " again", origin.sink(), sequenceNumber, outcome.name().toLowerCase());
            return CompletableFuture.completedFuture(null);
        }
        return batch.closed();
    }

    /** Whether any consumer has events that it has not acknowledged yet. */
    boolean anyGiven() {
        return open.values().stream().anyMatch(BatchTransaction::isGiven);
    }

    private static void end(BatchTransaction batch) {
        batch.end(Outcome.STOPPED);
    }

    /** Refuses waiting calls and rolls back open batches; returns when that is done. */
    void stop() {
        threads.shutdown();
        // End the batches that wait for events first: they would take what the others give back.
        open.values().stream().filter(batch -> !batch.isGiven()).forEach(BatchTransactions::end);
        open.values().forEach(BatchTransactions::end);
        try {
            if (!threads.awaitTermination(ROLLBACK_SECONDS, TimeUnit.SECONDS)) {
                LOG.warn("Sink {}: {} batches are still not rolled back after {} s",
                        origin.sink(), open.size(), ROLLBACK_SECONDS);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
