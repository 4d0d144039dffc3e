package io.pysparkflume.streaming;

import static io.pysparkflume.streaming.Bytes.hex;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(30)
class SinkPollersTest {
    private static final int STALL_SECONDS = 1;
    private static final int BATCH_SIZE = 1000;
    private static final long UNLIMITED = Long.MAX_VALUE;

    /** Headers none, and Köln: 値; bodies hi, and none. */
    private static final String HI = "00 04 6869";
    private static final String HEADERS = "02 0a4bc3b66c6e 06e580a4 00  00";

    private final BlockingQueue<List<String>> stored = new LinkedBlockingQueue<>();
    private final EventStore keep = events -> stored.add(Bytes.hex(events));
    private FakeSink sink;
    private SinkPollers pollers;

    @BeforeEach
    void startSink() throws IOException {
        sink = new FakeSink();
    }

    @AfterEach
    void stopAll() throws IOException {
        pollers.stop();
        sink.close();
    }

    @Test
    void aBatchIsFetchedStoredAndAckedBeforeTheNextOne() throws Exception {
        poll(keep);
        sink.gives("s1", HI, HEADERS);
        sink.gives("s2", HEADERS, HI);

        assertStored(HI, HEADERS);
        assertStored(HEADERS, HI);
        assertEquals(List.of("getEventBatch 1000", "ack s1", "getEventBatch 1000", "ack s2",
                "getEventBatch 1000"), nextCalls(5));
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 1021, 1024 * 1024})
    void aBodyOfAnySizeArrivesWhole(int size) throws Exception {
        poll(keep);
        String body = "5a".repeat(size);
        String event = "00" + hex(new AvroWriter().writeLong(size).toByteArray()) + body;
        sink.gives("s1", event, HI);

        assertStored(event, HI);
        assertEquals("ack s1", sink.nextVerdict());
    }

    @Test
    void nothingIsAckedBeforeTheStoreReturns() throws Exception {
        SlowStore store = new SlowStore();
        poll(store);
        sink.gives("s1", HI);
        store.storing.await();

        assertEquals("getEventBatch 1000", sink.calls.take());
        assertNull(sink.calls.poll(100, TimeUnit.MILLISECONDS));

        store.mayReturn.countDown();
        assertEquals("ack s1", sink.nextVerdict());
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aBatchThatIsNotStoredIsNackedAndPollingContinues(boolean heapIsFull) throws Exception {
        poll(failingOnce(() -> {
            if (heapIsFull) {
                throw new OutOfMemoryError("Java heap space");
            }
            throw new IllegalStateException("no block manager");
        }));
        sink.gives("s1", HI);
        sink.gives("s2", HI);

        assertEquals("nack s1", sink.nextVerdict());
        assertEquals("ack s2", sink.nextVerdict());
        assertStored(HI);
    }

    @Test
    void aFailedNackEndsTheConnectionButNotTheConsumer() throws Exception {
        poll(failingOnce(() -> {
            throw new IllegalStateException("no block manager");
        }));
        sink.closesAtNack();
        sink.gives("s1", HI);
        sink.gives("s2", HI);

        assertEquals("nack s1", sink.nextVerdict());
        assertEquals("ack s2", sink.nextVerdict());
    }

    @Test
    void anErrorIsNeitherAckedNorNackedAndPollingContinues() throws Exception {
        poll(keep);
        sink.fails("Take list for MemoryTransaction, capacity 100 full, consider committing more");
        sink.answers(hex("00 01  00 04 6e6f")); // Avro's own error: no
        sink.gives("s1", HI);

        assertEquals("ack s1", sink.nextVerdict());
        assertStored(HI);
    }

    @Test
    void anEmptyBatchIsAckedAndNotStored() throws Exception {
        poll(keep);
        sink.gives("s1");
        sink.gives("s2", HI);

        assertEquals("ack s1", sink.nextVerdict());
        assertEquals("ack s2", sink.nextVerdict());
        assertEquals(1, stored.size());
    }

    @Test
    void aSinkThatAnswersErrorsAtOnceIsAskedLessAndLessOften() throws Exception {
        for (int i = 0; i < 5; i++) {
            sink.fails("Spark sink has been stopped!");
        }
        long began = System.nanoTime();
        poll(keep);

        nextCalls(5);

        long millis = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - began);
        assertTrue(millis >= 50 + 100 + 200 + 400, "5 calls in " + millis + " ms");
    }

    @Test
    void aSinkThatGoesAwayAndComesBackIsPolledAgain() throws Exception {
        poll(keep);
        sink.gives("s1", HI);
        assertEquals("ack s1", sink.nextVerdict());

        sink.close();
        sink = new FakeSink(sink.port());
        sink.gives("t1", HEADERS);

        assertEquals("ack t1", sink.nextVerdict());
        assertStored(HI);
        assertStored(HEADERS);
    }

    @Test
    void aSinkMayBeStartedLater() throws Exception {
        sink.close();
        poll(keep);

        sink = new FakeSink(sink.port());
        sink.gives("s1", HI);

        assertEquals("ack s1", sink.nextVerdict());
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "7fffffff", // buffers
        "00000001 7fffffff", // bytes of a buffer
        "00000001 04000001", // a byte over 64 MiB
        "00000001 00000008 0000 00 04 7331 08 00", // 4 events in a byte
        "00000001 00000001 00", // an invalid answer
        "00000001 00000004 0000 00"}) // and then silence
    void anInvalidAnswerEndsTheConnectionAndTheNextConnectionWorks(String frame)
            throws Exception {
        poll(keep);
        sink.answers((serial, out) -> {
            out.writeInt(serial);
            out.write(hex(frame));
        });
        sink.gives("s1", HI);

        assertEquals("ack s1", sink.nextVerdict());
        assertStored(HI);
        assertTrue(stored.isEmpty());
    }

    @Test
    void anAnswerToAnotherCallEndsTheConnection() throws Exception {
        poll(keep);
        sink.answers((serial, out) -> {
            out.writeInt(serial + 1);
            out.write(hex("00000001 00000002 0000"));
        });
        sink.gives("s1", HI);

        assertEquals("ack s1", sink.nextVerdict());
    }

    @Test
    void aSinkMayTakeLongerToAnswerThanItMayStall() throws Exception {
        poll(keep);
        sink.answers((serial, out) -> {
            Thread.sleep(1500 * STALL_SECONDS); // the silence that must do no harm
            new FrameReader.Frame(serial, hex("00 00  00 04 7331  02" + HI + "00")).write(out);
        });

        assertEquals("ack s1", sink.nextVerdict());
        assertEquals(1, sink.connections());
    }

    @Test
    void consumersAreSpreadEvenlyOverTheSinks() throws Exception {
        try (FakeSink other = new FakeSink()) {
            poll(List.of(sink, other), 5, UNLIMITED, keep);

            await(() -> sink.connections() == 3 && other.connections() == 2);
            giveAndAssertAllStored(List.of(sink, other), 10);
            assertEquals(3, sink.connections());
            assertEquals(2, other.connections());
        }
    }

    @Test
    void everySinkIsServedEvenWithMoreSinksThanConsumers() throws Exception {
        try (FakeSink second = new FakeSink(); FakeSink third = new FakeSink()) {
            List<FakeSink> sinks = List.of(sink, second, third);
            poll(sinks, 1, UNLIMITED, keep);

            giveAndAssertAllStored(sinks, 2);
        }
    }

    @Test
    void aStopNacksTheBatchThatWaitsForTheRateAndEndsAllThreads() throws Exception {
        poll(List.of(sink), 2, 2, keep); // at 2 events/s, batches of 1
        sink.gives("s1", HI, HI, HI, HI, HI, HI);
        assertEquals("ack s1", sink.nextVerdict());
        sink.gives("s2", HI);
        await(SinkPollersTest::oneWaitsForTheRate);

        assertStopsAtOnce();

        assertEquals("nack s2", sink.nextVerdict());
        assertEquals(1, stored.size());
    }

    @Test
    void aStopEndsTheWaitForABatchAndForASinkThatIsAway() throws Exception {
        try (FakeSink away = new FakeSink()) {
            away.close();
            poll(List.of(sink, away), 4, UNLIMITED, keep);
            await(() -> sink.calls.size() == 2);

            assertStopsAtOnce();
        }
    }

    @Test
    void aStopEndsAHandshakeThatIsNotAnswered() throws Exception {
        try (ServerSocket silent = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            var address = InetSocketAddress.createUnresolved("127.0.0.1", silent.getLocalPort());
            start(List.of(address), 1, 30, UNLIMITED, keep);
            try (Socket accepted = silent.accept()) {
                accepted.getInputStream().read();

                assertStopsAtOnce();
            }
        }
    }

    @Test
    void aBatchThatIsBeingStoredAtAStopIsStillAcked() throws Exception {
        SlowStore store = new SlowStore();
        poll(store);
        sink.gives("s1", HI);
        store.storing.await();

        Thread stop = new Thread(pollers::stop);
        stop.start();
        await(() -> stop.getState() == Thread.State.TIMED_WAITING);
        store.mayReturn.countDown();
        stop.join();

        assertEquals("ack s1", sink.nextVerdict());
        assertFalse(sink.calls.contains("getEventBatch 1000"));
    }

    private void poll(EventStore store) {
        poll(List.of(sink), 1, UNLIMITED, store);
    }

    private void poll(List<FakeSink> sinks, int parallelism, long rate, EventStore store) {
        start(sinks.stream().map(FakeSink::address).toList(), parallelism, STALL_SECONDS, rate,
                store);
    }

    private void start(List<InetSocketAddress> addresses, int parallelism, int stallSeconds,
            long rate, EventStore store) {
        pollers = new SinkPollers(addresses, parallelism, BATCH_SIZE, stallSeconds,
                new RateLimit(() -> rate), store);
        pollers.start();
    }

    /** A store that throws {@code failure} at the first batch and keeps the later ones. */
    private EventStore failingOnce(Runnable failure) {
        AtomicBoolean hasFailed = new AtomicBoolean();
        return events -> {
            if (!hasFailed.getAndSet(true)) {
                failure.run();
            }
            keep.store(events);
        };
    }

    private void giveAndAssertAllStored(List<FakeSink> sinks, int batches) throws Exception {
        Set<String> given = new HashSet<>();
        for (int i = 0; i < sinks.size(); i++) {
            for (int batch = 0; batch < batches; batch++) {
                String event = "0002" + String.format("%02x", i * batches + batch);
                sinks.get(i).gives("s" + batch, event);
                given.add(event);
            }
        }
        Set<String> arrived = new HashSet<>();
        for (int i = 0; i < sinks.size() * batches; i++) {
            arrived.addAll(stored.take());
        }
        assertEquals(given, arrived);
    }

    private void assertStored(String... events) throws InterruptedException {
        List<String> expected = new ArrayList<>();
        for (String event : events) {
            expected.add(event.replace(" ", ""));
        }
        assertEquals(expected, stored.take());
    }

    private void assertStopsAtOnce() {
        long began = System.nanoTime();
        pollers.stop();
        assertTrue(System.nanoTime() - began < TimeUnit.SECONDS.toNanos(2));
        assertFalse(Thread.getAllStackTraces().keySet().stream()
                .anyMatch(thread -> thread.getName().startsWith("flume-poller-")));
    }

    private List<String> nextCalls(int count) throws InterruptedException {
        List<String> calls = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            calls.add(sink.calls.take());
        }
        return calls;
    }

    private static boolean oneWaitsForTheRate() {
        return Thread.getAllStackTraces().values().stream().flatMap(Arrays::stream)
                .anyMatch(call -> call.getClassName().equals(RateLimit.class.getName()));
    }

    /** The test's own time-out is the deadline. */
    private static void await(BooleanSupplier condition) throws InterruptedException {
        while (!condition.getAsBoolean()) {
            Thread.sleep(5);
        }
    }

    /** A store that returns only once {@code mayReturn} is counted down. */
    private static final class SlowStore implements EventStore {
        private final CountDownLatch storing = new CountDownLatch(1);
        private final CountDownLatch mayReturn = new CountDownLatch(1);

        @Override
        public void store(EncodedEvents events) throws InterruptedException {
            storing.countDown();
            mayReturn.await();
        }
    }
}
