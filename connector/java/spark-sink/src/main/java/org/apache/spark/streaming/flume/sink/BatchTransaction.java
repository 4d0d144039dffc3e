package org.apache.spark.streaming.flume.sink;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.flume.Channel;
import org.apache.flume.ChannelException;
import org.apache.flume.Event;
import org.apache.flume.Transaction;
import org.apache.flume.instrumentation.SinkCounter;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One batch, from a consumer's call to its ack. It takes events from the channel in a transaction
 * that stays open until the ack, and rolls the transaction back if no ack arrives.
 *
 * <p>Flume ties a transaction to the thread that began it, so each batch occupies a thread. Any
 * other thread may set the {@link Outcome}; the first one counts.
 */
final class BatchTransaction implements Runnable {
    private static final Logger LOG = LoggerFactory.getLogger(BatchTransaction.class);

    /** The agent holds a batch twice, as events and encoded; a consumer accepts 64 MiB. */
    private static final long BODY_BYTES_MAX = 16 * 1024 * 1024;

    /** How a batch ends. Events that are not acked are rolled back and given out again. */
    enum Outcome {
        ACKED("acked"),
        NACKED("Spark could not store it"),
        TIMED_OUT("no ack arrived within its timeout"),
        DISCONNECTED("its consumer disconnected"),
        STOPPED("the sink is being stopped");

        private final String reason;

        Outcome(String reason) {
            this.reason = reason;
        }
    }

    /** The caller. It is called back once, with events or with the reason why there are none. */
    interface Consumer {
        void give(String sequenceNumber, List<Event> events);

        void refuse(String reason);
    }

    /**
     * What all batches of a sink share.
     *
     * @param sink the sink's name
     * @param timeoutSeconds how long to wait for a first event, and then for the ack
     * @param backoffMillis ms between two checks of an empty channel
     */
    record Origin(
            String sink, Channel channel, int timeoutSeconds, int backoffMillis,
            SinkCounter counter, TakeLimit takeLimit) {}

    private final Origin origin;
    private final String sequenceNumber;
    private final int eventsAsked;
    private final Consumer consumer;
    private final List<Event> events = new ArrayList<>();
    private final CompletableFuture<Outcome> outcome = new CompletableFuture<>();
    private final CompletableFuture<Void> closed = new CompletableFuture<>();
    private volatile boolean given;

    BatchTransaction(Origin origin, String sequenceNumber, int eventsAsked, Consumer consumer) {
        this.origin = origin;
        this.sequenceNumber = sequenceNumber;
        this.eventsAsked = eventsAsked;
        this.consumer = consumer;
    }

    String sequenceNumber() {
        return sequenceNumber;
    }

    /** Sets the outcome, from any thread; false if it was set before. */
    boolean end(Outcome how) {
        return outcome.complete(how);
    }

    /** Whether the consumer has been given the events. */
    boolean isGiven() {
        return given;
    }

    /** Completes when the transaction is committed or rolled back, or fails with the channel. */
    CompletableFuture<Void> closed() {
        return closed;
    }

    @Override
    public void run() {
        try {
            Transaction transaction = origin.channel().getTransaction();
            transaction.begin();
            boolean committed = false;
            try {
                committed = deliver(transaction);
            } finally {
                if (!committed) {
                    transaction.rollback();
                }
                transaction.close();
            }
            closed.complete(null);
        } catch (RuntimeException e) {
            fail(e);
        } finally {
            closed.cancel(false); // has an effect only after an Error; otherwise it is completed
        }
    }

    /** Gives the consumer its events and waits for the ack; true if they were committed. */
    private boolean deliver(Transaction transaction) {
        take();
        if (outcome.isDone() || events.isEmpty()) {
            origin.counter().incrementBatchEmptyCount();
            consumer.refuse(whyEmpty());
            return false;
        }
        countTaken();
        given = true;
        consumer.give(sequenceNumber, events);
        if (!await(origin.timeoutSeconds(), TimeUnit.SECONDS)) {
            end(Outcome.TIMED_OUT);
        }
        if (outcome.join() != Outcome.ACKED) {
            LOG.warn("Sink {}: batch {} of {} events is rolled back: {}",
                    origin.sink(), sequenceNumber, events.size(), outcome.join().reason);
            return false;
        }
        transaction.commit();
        origin.counter().addToEventDrainSuccessCount(events.size());
        return true;
    }

    /** Waits for a first event, then takes what the channel has. */
    private void take() {
        if (eventsAsked < 1) {
            throw new IllegalArgumentException(
                    "a batch of " + eventsAsked + " events; ask for 1 or more");
        }
        int eventsMax = origin.takeLimit().atMost(eventsAsked);
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(origin.timeoutSeconds());
        long bodyBytes = 0;
        while (!outcome.isDone() && events.size() < eventsMax && bodyBytes < BODY_BYTES_MAX) {
            Event event;
            try {
                event = origin.channel().take();
            } catch (ChannelException e) {
                if (origin.takeLimit().reached(e, events.size(), eventsAsked)) {
                    return;
                }
                throw e;
            }
            if (event != null) {
                events.add(event);
                bodyBytes += event.getBody() == null ? 0 : event.getBody().length;
            } else if (!events.isEmpty() || System.nanoTime() > deadline) {
                return;
            } else {
                await(origin.backoffMillis(), TimeUnit.MILLISECONDS);
            }
        }
    }

    private String whyEmpty() {
        return "Sink " + origin.sink() + ": " + (outcome.isDone()
                ? outcome.join().reason
                : "no event in channel " + origin.channel().getName() + " for "
                        + origin.timeoutSeconds() + " s");
    }

    private void countTaken() {
        origin.counter().addToEventDrainAttemptCount(events.size());
        if (events.size() < eventsAsked) {
            origin.counter().incrementBatchUnderflowCount();
        } else {
            origin.counter().incrementBatchCompleteCount();
        }
    }

    private void fail(RuntimeException e) {
        LOG.warn("Sink {}: batch {} of {} events failed in channel {}: {}", origin.sink(),
                sequenceNumber, events.size(), origin.channel().getName(), e.toString());
        origin.counter().incrementChannelReadFail();
        if (!given) {
            // Most failures last for a while, and consumers poll again at once.
            await(origin.backoffMillis(), TimeUnit.MILLISECONDS);
            consumer.refuse("Sink " + origin.sink() + ", channel " + origin.channel().getName()
                    + ": " + e.getMessage());
        }
        closed.completeExceptionally(e);
    }

    /** Whether the outcome was set within that time. */
    private boolean await(long time, TimeUnit unit) {
        try {
            outcome.get(time, unit);
            return true;
        } catch (TimeoutException e) {
            return false;
        } catch (InterruptedException | ExecutionException e) {
            throw new IllegalStateException("a batch's thread was interrupted", e);
        }
    }
}
