package io.pysparkflume.streaming;

import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The consumers of a receiver, each with its own thread, assigned to the sinks in turn.
 *
 * <p>Each sink has at least one consumer, because a consumer that waits at an empty channel cannot
 * serve another sink.
 */
final class SinkPollers {
    private static final Logger LOG = LoggerFactory.getLogger(SinkPollers.class);

    /** Storing and acking a batch takes less; Spark waits until the receiver has stopped. */
    private static final long STOP_MILLIS_MAX = 5_000;

    private final RateLimit rate;
    private final List<SinkPoller> pollers = new ArrayList<>();
    private final List<Thread> threads = new ArrayList<>();

    /**
     * @param sinks unresolved addresses
     * @param parallelism total number of consumers
     * @param batchSizeMax events in a batch
     * @param stallSecondsMax how long a sink may stall within an answer
     */
    SinkPollers(List<InetSocketAddress> sinks, int parallelism, int batchSizeMax,
            int stallSecondsMax, RateLimit rate, EventStore store) {
        this.rate = rate;
        int consumers = Math.max(parallelism, sinks.size());
        FrameMemory memory = FrameMemory.ofHeap();
        EventStore paced = events -> {
            rate.await(events.count());
            store.store(events);
        };
        List<SinkStatus> statuses = sinks.stream()
                .map(sink -> new SinkStatus(SinkPoller.name(sink))).toList();
        for (int i = 0; i < consumers; i++) {
            InetSocketAddress sink = sinks.get(i % sinks.size());
            SinkPoller poller = new SinkPoller(sink, statuses.get(i % sinks.size()), memory,
                    stallSecondsMax, () -> rate.batchSize(batchSizeMax, consumers), paced);
            Thread thread = new Thread(poller, "flume-poller-" + i + "-" + SinkPoller.name(sink));
            thread.setDaemon(true);
            pollers.add(poller);
            threads.add(thread);
        }
    }

    void start() {
        threads.forEach(Thread::start);
    }

    /** Waits until batches that are being stored are acked, nacks the others, ends all threads. */
    void stop() {
        rate.stop();
        pollers.forEach(SinkPoller::stop);
        long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(STOP_MILLIS_MAX);
        try {
            for (Thread thread : threads) {
                TimeUnit.NANOSECONDS.timedJoin(thread, Math.max(1, deadline - System.nanoTime()));
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        long left = threads.stream().filter(Thread::isAlive).count();
        if (left > 0) {
            LOG.warn("{} Flume consumer(s) still busy after {} s; their batches are sent again",
                    left, TimeUnit.MILLISECONDS.toSeconds(STOP_MILLIS_MAX));
            pollers.forEach(SinkPoller::abort);
        }
    }
}
