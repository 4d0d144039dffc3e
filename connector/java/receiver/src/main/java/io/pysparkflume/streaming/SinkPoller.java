package io.pysparkflume.streaming;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.IntSupplier;

/** One consumer of one sink: keeps a connection to it, and always asks for the next batch. */
final class SinkPoller implements Runnable {
    /** If a call without events took longer, the sink has waited and can be asked again at once. */
    private static final long AT_ONCE_NANOS = TimeUnit.SECONDS.toNanos(1);

    private final InetSocketAddress sink;
    private final SinkStatus status;
    private final FrameMemory memory;
    private final int stallSecondsMax;
    private final IntSupplier batchSize;
    private final EventStore store;
    private final CountDownLatch stopping = new CountDownLatch(1);
    private final Backoff backoff = new Backoff();
    private volatile SinkConnection connection;

    /**
     * @param sink unresolved, because its name is looked up for each connection
     * @param status shared by all consumers of this sink
     * @param memory shared by all connections
     * @param stallSecondsMax how long to wait for an answer other than a batch, and within one
     * @param batchSize how many events to ask for; called for each batch
     */
    SinkPoller(InetSocketAddress sink, SinkStatus status, FrameMemory memory, int stallSecondsMax,
            IntSupplier batchSize, EventStore store) {
        this.sink = sink;
        this.status = status;
        this.memory = memory;
        this.stallSecondsMax = stallSecondsMax;
        this.batchSize = batchSize;
        this.store = store;
    }

    @Override
    public void run() {
        try {
            while (!isStopping()) {
                try (SinkConnection opened =
                        new SinkConnection(name(sink), stallSecondsMax)) {
                    connection = opened;
                    if (!isStopping()) { // after the assignment: stop() may have missed it
                        consume(opened);
                    }
                } catch (IOException | RuntimeException | OutOfMemoryError e) {
                    if (!isStopping()) {
                        status.lost(e instanceof IOException ? e.getMessage() : e.toString());
                        pause();
                    }
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Asks for no further batch; one that has arrived is stored and acked. From any thread. */
    void stop() {
        stopping.countDown();
        SinkConnection current = connection;
        if (current != null) {
            current.stop();
        }
    }

    /** Closes the connection at once. From any thread. */
    void abort() {
        SinkConnection current = connection;
        if (current != null) {
            current.close();
        }
    }

    /** Returns the sink's name in log lines. */
    static String name(InetSocketAddress sink) {
        return sink.getHostString() + ":" + sink.getPort();
    }

    private void consume(SinkConnection opened) throws IOException, InterruptedException {
        opened.open(new InetSocketAddress(sink.getHostString(), sink.getPort()), memory);
        status.connected();
        while (!isStopping()) {
            int eventsMax = batchSize.getAsInt();
            long asked = System.nanoTime();
            int events = 0;
            try {
                events = opened.transfer(eventsMax, store);
            } catch (SinkErrorException e) {
                if (isAtOnce(asked)) {
                    status.refused(e.getMessage(), eventsMax);
                }
            }
            if (events > 0) {
                backoff.reset();
            } else if (isAtOnce(asked)) {
                pause();
            }
        }
    }

    private static boolean isAtOnce(long askedNanos) {
        return System.nanoTime() - askedNanos < AT_ONCE_NANOS;
    }

    private void pause() throws InterruptedException {
        stopping.await(backoff.nextMillis(), TimeUnit.MILLISECONDS);
    }

    private boolean isStopping() {
        return stopping.getCount() == 0;
    }
}
