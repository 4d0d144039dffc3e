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

/** The open batches of one run of a sink, by their sequence numbers. */
final class BatchTransactions {
    private static final Logger LOG = LoggerFactory.getLogger(BatchTransactions.class);

    /** Calls that wait for a thread; a Spark receiver has 5 under way in all. */
    private static final int WAITING_MAX = 1000;

    private static final long IDLE_THREAD_SECONDS = 60;
    private static final long ROLLBACK_SECONDS = 5;

    private final Origin origin;
    private final ThreadPoolExecutor threads;
    private final Map<String, BatchTransaction> open = new ConcurrentHashMap<>();

    /** A consumer may ack a batch of an earlier run: it must not meet the number of a new one. */
    private final String run = UUID.randomUUID().toString().substring(0, 8);

    private final AtomicLong batches = new AtomicLong();

    /** @param threadsMax batches at once, waiting for events or for their ack */
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
                    : ": " + WAITING_MAX + " calls wait for one of its threads; raise threads"));
            batch.closed().cancel(false);
        }
        return batch;
    }

    /**
     * What a consumer says of its batch.
     *
     * @return done once the transaction is committed or rolled back
     */
    CompletableFuture<Void> end(String sequenceNumber, Outcome outcome) {
        BatchTransaction batch = open.get(sequenceNumber);
        if (batch == null || !batch.end(outcome)) {
            LOG.warn("Sink {}: batch {} is not open any more, it cannot be {}; its events come"
                    + " again", origin.sink(), sequenceNumber, outcome.name().toLowerCase());
            return CompletableFuture.completedFuture(null);
        }
        return batch.closed();
    }

    /** Whether a consumer has events that it has not acknowledged yet. */
    boolean anyGiven() {
        return open.values().stream().anyMatch(BatchTransaction::isGiven);
    }

    private static void end(BatchTransaction batch) {
        batch.end(Outcome.STOPPED);
    }

    /** Refuses calls that wait, rolls back what is open, and returns when all that is done. */
    void stop() {
        threads.shutdown();
        // Those first that wait for events: they would take what the others give back.
        open.values().stream().filter(batch -> !batch.isGiven()).forEach(BatchTransactions::end);
        open.values().forEach(BatchTransactions::end);
        try {
            if (!threads.awaitTermination(ROLLBACK_SECONDS, TimeUnit.SECONDS)) {
                LOG.warn("Sink {}: {} batches are not rolled back after {} s",
                        origin.sink(), open.size(), ROLLBACK_SECONDS);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
