package io.pysparkflume.flume;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.apache.flume.ChannelException;
import org.apache.flume.Context;
import org.apache.flume.Event;
import org.apache.flume.channel.BasicChannelSemantics;
import org.apache.flume.channel.BasicTransactionSemantics;
import org.apache.flume.instrumentation.ChannelCounter;

/**
 * Hands each batch from the source to the sinks, and stores nothing.
 *
 * <p>The commit of a put returns when the sinks have committed each event of its batch. So a source
 * that can read its input again, like a spool directory, forgets a batch only after the receiver
 * has answered OK. The input is the storage; a second copy on disk, as the file channel keeps,
 * would make nothing safer. If the agent is killed, the source reads the batch again at the next
 * start: nothing is lost, and up to a batch of each source arrives twice.
 *
 * <p>A source waits as long as the sinks need. The commit fails if it is interrupted, if {@code
 * commitSeconds} have passed, or if the channel stops. The source then has to read the batch again,
 * although a sink may have sent some of it. A sink that rolls back gives its events to the next
 * take, in their order. Sources of several threads may hand over at the same time, and several
 * sinks may take: each commit waits for its own events.
 *
 * <p>A source that cannot read again (netcat, exec, syslog over UDP) loses the batch that it holds
 * when the agent is killed.
 *
 * <p>Keys:
 *
 * <ul>
 *   <li>{@code takeMillis}: the longest time in ms that a take waits for a batch; default: 50.
 *   <li>{@code commitSeconds}: the longest time in s that the commit of a put waits for the sinks;
 *       default: 0, no limit.
 * </ul>
 */
public final class HandoffChannel extends BasicChannelSemantics {
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition arrived = lock.newCondition();
    private final Condition committed = lock.newCondition();

    /** What no take holds, the next event first. */
    private final Deque<Held> waiting = new ArrayDeque<>();

    private long takeNanos;
    private long commitNanos;
    private boolean stopped;
    private long size; // events put and not yet committed by a sink
    private ChannelCounter counter;

    @Override
    public void configure(Context context) {
        takeNanos = TimeUnit.MILLISECONDS.toNanos(context.getLong("takeMillis", 50L));
        long seconds = context.getLong("commitSeconds", 0L);
        commitNanos = seconds > 0 ? TimeUnit.SECONDS.toNanos(seconds) : Long.MAX_VALUE;
        if (counter == null) {
            counter = new ChannelCounter(getName());
        }
    }

    @Override
    public void start() {
        counter.start();
        // It has no limit of its own: a source that waits puts nothing more.
        counter.setChannelCapacity(Integer.MAX_VALUE);
        super.start();
    }

    /** Ends the wait of each source: its batch is read again at the next start. */
    @Override
    public void stop() {
        lock.lock();
        try {
            stopped = true;
            committed.signalAll();
            arrived.signalAll();
        } finally {
            lock.unlock();
        }
        counter.stop();
        super.stop();
    }

    @Override
    protected BasicTransactionSemantics createTransaction() {
        return new HandoffTransaction();
    }

    /** An event with the batch in which it was put. */
    private record Held(Event event, Batch batch) {}

    /** The events of one put, until the sinks have committed all of them. */
    private static final class Batch {
        final int events;
        int uncommitted;
        boolean withdrawn; // the source reads it again; a rollback must not bring it back

        Batch(int events) {
            this.events = events;
            uncommitted = events;
        }
    }

    private final class HandoffTransaction extends BasicTransactionSemantics {
        private final List<Event> put = new ArrayList<>();
        private final Deque<Held> taken = new ArrayDeque<>();

        @Override
        protected void doPut(Event event) {
            counter.incrementEventPutAttemptCount();
            put.add(event);
        }

        /** Waits for the first event of a batch only: what is there is sent at once. */
        @Override
        protected Event doTake() throws InterruptedException {
            counter.incrementEventTakeAttemptCount();
            lock.lockInterruptibly();
            try {
                long nanos = taken.isEmpty() ? takeNanos : 0;
                while (waiting.isEmpty() && nanos > 0 && !stopped) {
                    nanos = arrived.awaitNanos(nanos);
                }
                Held held = waiting.poll();
                if (held == null) {
                    return null;
                }
                taken.add(held);
                return held.event;
            } finally {
                lock.unlock();
            }
        }

        @Override
        protected void doCommit() throws InterruptedException {
            if (!taken.isEmpty()) {
                commitTaken();
            }
            if (!put.isEmpty()) {
                handOver();
            }
        }

        private void commitTaken() {
            lock.lock();
            try {
                taken.forEach(held -> commitOne(held.batch));
                counter.addToEventTakeSuccessCount(taken.size());
                counter.setChannelSize(size);
                taken.clear();
            } finally {
                lock.unlock();
            }
        }

        private void commitOne(Batch batch) {
            if (batch.withdrawn) {
                return;
            }
            size--;
            if (--batch.uncommitted == 0) {
                counter.addToEventPutSuccessCount(batch.events);
                committed.signalAll();
            }
        }

        /** Gives the batch to the sinks, and returns when they have committed all of it. */
        private void handOver() throws InterruptedException {
            Batch batch = new Batch(put.size());
            lock.lockInterruptibly();
            try {
                put.forEach(event -> waiting.add(new Held(event, batch)));
                size += batch.events;
                counter.setChannelSize(size);
                arrived.signalAll();
                await(batch);
            } finally {
                if (batch.uncommitted > 0) {
                    withdraw(batch);
                }
                lock.unlock();
            }
        }

        private void await(Batch batch) throws InterruptedException {
            long nanos = commitNanos;
            while (batch.uncommitted > 0) {
                if (stopped || nanos <= 0) {
                    throw new ChannelException(String.format(
                            "channel %s: the sinks sent %d of %d events before %s; the source has"
                                    + " to read them again",
                            getName(), batch.events - batch.uncommitted, batch.events,
                            stopped ? "the channel stopped" : "commitSeconds had passed"));
                }
                try {
                    nanos = committed.awaitNanos(nanos);
                } catch (InterruptedException e) {
                    if (batch.uncommitted > 0) {
                        throw e;
                    }
                    Thread.currentThread().interrupt(); // all was sent in the same moment
                }
            }
        }

        private void withdraw(Batch batch) {
            batch.withdrawn = true;
            waiting.removeIf(held -> held.batch == batch);
            size -= batch.uncommitted;
            counter.setChannelSize(size);
        }

        @Override
        protected void doRollback() {
            put.clear();
            lock.lock();
            try {
                while (!taken.isEmpty()) {
                    Held held = taken.pollLast();
                    if (!held.batch.withdrawn) {
                        waiting.addFirst(held);
                    }
                }
                arrived.signalAll();
            } finally {
                lock.unlock();
            }
        }
    }
}
