package org.apache.spark.streaming.flume.sink;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;
import org.apache.avro.Protocol;
import org.apache.flume.Context;
import org.apache.flume.Event;
import org.apache.flume.FlumeException;
import org.apache.flume.Sink.Status;
import org.apache.flume.Transaction;
import org.apache.flume.channel.MemoryChannel;
import org.apache.flume.conf.ConfigurationException;
import org.apache.flume.event.EventBuilder;
import org.apache.flume.instrumentation.util.JMXPollUtil;
import org.apache.spark.streaming.flume.sink.PollingClient.Batch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Timeout(30)
class SparkSinkTest {
    private static final int MIB = 1024 * 1024;

    private final List<PollingClient> clients = new ArrayList<>();
    private final MemoryChannel channel = channel(20_000);
    private SparkSink sink = start(Map.of());

    @AfterEach
    void stop() {
        clients.forEach(PollingClient::close);
        sink.stop();
    }

    @Test
    void aHundredEventsArriveInOrderWithTheirHeaders() throws Exception {
        List<Event> events = new ArrayList<>();
        for (int i = 0; i < 100; i++) {
            events.add(EventBuilder.withBody(
                    Integer.toString(i).getBytes(), Map.of("line", "" + i, "größe", "日本")));
        }
        put(events);

        Batch batch = client().poll(1000);

        assertEquals("", batch.errorMsg());
        assertEquals(texts(0, 100), batch.texts());
        for (int i = 0; i < 100; i++) {
            assertEquals(
                    Map.of("line", "" + i, "größe", "日本"), batch.events().get(i).headers());
        }
    }

    @Test
    void bodiesArriveUnchanged() throws Exception {
        byte[] mebibyte = new byte[MIB];
        for (int i = 0; i < MIB; i++) {
            mebibyte[i] = (byte) (i * 31 >> 3);
        }
        List<byte[]> bodies = List.of(
                new byte[0], new byte[] {7}, new byte[1021],
                new byte[] {(byte) 0xff, 0, (byte) 0xc3}, mebibyte);
        put(bodies.stream().map(EventBuilder::withBody).toList());

        Batch batch = client().poll(10);

        assertEquals(bodies.size(), batch.events().size());
        for (int i = 0; i < bodies.size(); i++) {
            assertArrayEquals(bodies.get(i), batch.events().get(i).body());
        }
    }

    @Test
    void aHeaderWithoutAValueArrivesEmpty() throws Exception {
        Map<String, String> headers = new HashMap<>();
        headers.put("host", null);
        put(List.of(EventBuilder.withBody(new byte[0], headers)));

        assertEquals(Map.of("host", ""), client().poll(1).events().get(0).headers());
    }

    @Test
    void anAckedBatchIsGoneAndCounted() throws Exception {
        sink = restart(Map.of("timeout", "1"));
        put(0, 100);
        PollingClient client = client();

        client.ack(client.poll(60));
        client.ack(client.poll(60));
        Batch nothing = client.poll(60);

        assertTrue(nothing.errorMsg().contains("no event in channel buffer for 1 s"));
        assertEquals(List.of(), nothing.events());
        assertEquals("100", counter("EventDrainAttemptCount"));
        assertEquals("100", counter("EventDrainSuccessCount"));
        assertEquals("1", counter("BatchCompleteCount"));
        assertEquals("1", counter("BatchUnderflowCount"));
        assertEquals("1", counter("BatchEmptyCount"));
        assertEquals("1", counter("ConnectionCreatedCount"));
    }

    @Test
    void aNackedBatchIsSentAgain() throws Exception {
        put(0, 100);
        PollingClient client = client();

        Batch first = client.poll(60);
        client.nack(first);
        Batch second = client.poll(100);

        assertEquals(texts(0, 100), second.texts());
        assertNotEquals(first.sequenceNumber(), second.sequenceNumber());
        assertEquals("0", counter("EventDrainSuccessCount"));
    }

    @Test
    void aBatchThatTimedOutIsSentAgainAndItsLateAckIsIgnored() throws Exception {
        sink = restart(Map.of("timeout", "1"));
        put(0, 10);
        PollingClient slow = client();

        Batch late = slow.poll(10);
        Batch again = client().pollUntilEvents(10);
        slow.ack(late);
        assertEquals(texts(0, 10), again.texts());
        slow.nack(again);

        assertEquals(texts(0, 10), slow.pollUntilEvents(10).texts());
        assertEquals("0", counter("EventDrainSuccessCount"));
    }

    @Test
    void aKilledConsumersBatchIsSentAgainAtOnce() throws Exception {
        put(0, 10);
        PollingClient killed = client();
        assertEquals(texts(0, 10), killed.poll(10).texts());

        killed.close();

        assertEquals(texts(0, 10), client().poll(10).texts()); // the time-out is 60 s
    }

    @Test
    void aConsumerThatIsKilledWhileItWaitsLosesNoEvents() throws Exception {
        PollingClient killed = client();
        pollInBackground(killed);
        await(() -> threads("spark-sink-spark").size() == 1);

        killed.close();
        put(0, 10);
        PollingClient alive = client();
        alive.ack(alive.poll(10));

        assertEquals("10", counter("EventDrainSuccessCount"));
        assertEquals("0", channelSize());
    }

    @Test
    void aPollWaitsForTheFirstEvent() throws Exception {
        Future<Batch> poll = pollInBackground(client());
        await(() -> threads("spark-sink-spark").size() == 1);
        assertFalse(poll.isDone());

        put(0, 3);

        assertEquals(texts(0, 3), poll.get().texts());
    }

    @Test
    void fiveConsumersTogetherGetEachEventOnce() throws Exception {
        put(0, 10_000);
        List<String> received = Collections.synchronizedList(new ArrayList<>());
        ExecutorService consumers = Executors.newFixedThreadPool(5);
        List<Future<?>> ended = new ArrayList<>();
        for (int consumer = 0; consumer < 5; consumer++) {
            PollingClient client = client();
            ended.add(consumers.submit(() -> {
                while (received.size() < 10_000) {
                    Batch batch = client.poll(100);
                    received.addAll(batch.texts());
                    client.ack(batch);
                }
                return null;
            }));
        }
        await(() -> received.size() >= 10_000);
        sink.stop(); // answers those that wait for more
        consumers.shutdown();
        // The last answers are empty, and adding nothing to a list counts as a change of it, too.
        assertTrue(consumers.awaitTermination(10, TimeUnit.SECONDS));

        received.sort((a, b) -> Integer.compare(Integer.parseInt(a), Integer.parseInt(b)));
        assertEquals(texts(0, 10_000), received);
    }

    @Test
    void consumersThatWaitForAThreadDoNotDelayAnAck() throws Exception {
        sink = restart(Map.of("threads", "1"));
        put(0, 20);
        PollingClient first = client();
        Batch held = first.poll(10);
        Future<Batch> waiting = pollInBackground(client());

        first.ack(held);

        assertEquals(texts(10, 20), waiting.get().texts());
    }

    @Test
    void aBatchAboveTransactionCapacityArrivesInPieces() throws Exception {
        MemoryChannel small = channel(100);
        sink.stop();
        sink = start(small, Map.of("port", "0"));
        put(small, IntStream.range(0, 250).mapToObj(SparkSinkTest::event).toList());
        PollingClient client = client();

        for (List<String> piece : List.of(texts(0, 100), texts(100, 200), texts(200, 250))) {
            Batch batch = client.poll(1000);
            assertEquals(piece, batch.texts());
            client.ack(batch);
        }
    }

    @Test
    void aBatchOfLongBodiesEndsBefore17MiB() throws Exception {
        put(Collections.nCopies(20, EventBuilder.withBody(new byte[MIB])));

        assertEquals(16, client().poll(1000).events().size());
    }

    @Test
    void aBatchOfNoEventsIsRefused() throws Exception {
        put(0, 1);

        assertTrue(client().poll(0).errorMsg().contains("ask for 1 or more"));
    }

    @Test
    void aFailingChannelIsReportedToTheConsumer() throws Exception {
        sink.stop();
        MemoryChannel failing = new MemoryChannel() {
            @Override
            public Event take() {
                throw new IllegalStateException("disk is gone");
            }
        };
        failing.setName("buffer");
        failing.configure(new Context());
        sink = start(failing, Map.of("port", "0", "backoffInterval", "1"));

        String error = client().poll(10).errorMsg();

        assertEquals("Sink spark, channel buffer: disk is gone", error);
    }

    @Test
    void aClientWithAnotherTextOfTheProtocolIsAccepted() throws Exception {
        put(0, 10);
        Protocol spark = SparkFlumeProtocol.PROTOCOL;
        Protocol other = new Protocol(spark.getName(), "another comment", spark.getNamespace());
        other.setTypes(spark.getTypes());
        other.getMessages().putAll(spark.getMessages());
        assertFalse(Arrays.equals(spark.getMD5(), other.getMD5()));

        PollingClient client = new PollingClient(sink.port(), other);
        clients.add(client);
        client.ack(client.poll(10));

        assertEquals("10", counter("EventDrainSuccessCount"));
    }

    @Test
    void anHttpClientIsDisconnected() throws Exception {
        try (Socket browser = new Socket(InetAddress.getLoopbackAddress(), sink.port())) {
            browser.getOutputStream().write("GET / HTTP/1.1\r\n\r\n".getBytes());

            assertEquals(-1, browser.getInputStream().read());
        }
        await(() -> counter("ConnectionClosedCount").equals("1"));
    }

    @Test
    void aPortInUseFailsTheStartAndALaterStartWorksOnceItIsFree() throws Exception {
        sink.stop();
        try (ServerSocket other = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"))) {
            sink = configured(channel, Map.of("port", "" + other.getLocalPort()));
            FlumeException thrown = assertThrows(FlumeException.class, sink::start);
            assertTrue(thrown.getMessage().matches(
                    "Sink spark cannot listen on 127.0.0.1:\\d+ \\(.*Address already in use.*\\);"
                            + " free the port, or set .*"), thrown.getMessage());
        }

        sink.start();
        put(0, 1);
        assertEquals(texts(0, 1), client().poll(1).texts());
    }

    @Test
    void aBatchNotAckedBeforeARestartIsSentAgainAndItsLateAckIsIgnored() throws Exception {
        put(0, 10);
        Batch before = client().poll(10);

        sink = restart(Map.of());
        PollingClient client = client();
        client.ack(before);

        assertEquals(texts(0, 10), client.poll(10).texts());
    }

    @Test
    void aStopAnswersWaitingConsumersRollsBackAndLeavesNoThread() throws Exception {
        put(0, 10);
        Batch open = client().poll(10);
        Future<Batch> waiting = pollInBackground(client());
        await(() -> threads("spark-sink-spark").size() == 2);
        int port = sink.port();

        sink.stop();

        assertEquals(10, open.events().size());
        assertTrue(waiting.get().errorMsg().contains("is being stopped"));
        assertEquals("10", channelSize());
        assertEquals(List.of(), threads("spark-sink"));
        new ServerSocket(port, 1, InetAddress.getByName("127.0.0.1")).close();
    }

    @Test
    void theRunnerBacksOffOnlyWhileNoConsumerFetches() throws Exception {
        put(0, 10);
        PollingClient client = client();
        assertEquals(Status.BACKOFF, sink.process());

        Batch held = client.poll(10);
        assertEquals(Status.READY, sink.process());
        client.ack(held);
        assertEquals(Status.BACKOFF, sink.process());

        Thread.currentThread().interrupt();
        sink.process();
        assertTrue(Thread.interrupted(), "the runner must see that it has to stop");
    }

    @ParameterizedTest
    @CsvSource({
        "port, abc, from 0 to 65535",
        "port, 65536, from 0 to 65535",
        "port, -1, from 0 to 65535",
        "threads, 0, from 1",
        "timeout, 0, from 1",
        "timeout, 1.5, from 1",
        "backoffInterval, -200, from 1"
    })
    void aWrongNumberIsReportedWithItsRemedy(String key, String value, String remedy) {
        ConfigurationException thrown = assertThrows(
                ConfigurationException.class, () -> configured(channel, Map.of(key, value)));
        assertTrue(thrown.getMessage().startsWith("Sink spark: " + key + " is " + value));
        assertTrue(thrown.getMessage().contains(remedy));
    }

    @Test
    void aMissingPortIsReportedWithItsRemedy() {
        SparkSink nowhere = new SparkSink();
        nowhere.setName("spark");

        ConfigurationException thrown = assertThrows(
                ConfigurationException.class, () -> nowhere.configure(new Context()));
        assertEquals(
                "Sink spark has no port; set the key port to the one that Spark polls",
                thrown.getMessage());
    }

    private PollingClient client() throws Exception {
        PollingClient client = new PollingClient(sink.port());
        clients.add(client);
        return client;
    }

    private static Future<Batch> pollInBackground(PollingClient client) {
        CompletableFuture<Batch> batch = new CompletableFuture<>();
        Thread thread = new Thread(() -> {
            try {
                batch.complete(client.poll(1000));
            } catch (Exception e) {
                batch.completeExceptionally(e);
            }
        });
        thread.setDaemon(true);
        thread.start();
        return batch;
    }

    private SparkSink start(Map<String, String> keys) {
        return start(channel, keys);
    }

    private SparkSink restart(Map<String, String> keys) {
        sink.stop();
        return start(channel, keys);
    }

    private static SparkSink start(MemoryChannel channel, Map<String, String> keys) {
        SparkSink sink = configured(channel, keys);
        sink.start();
        return sink;
    }

    private static SparkSink configured(MemoryChannel channel, Map<String, String> keys) {
        Map<String, String> all = new HashMap<>(
                Map.of("hostname", "127.0.0.1", "port", "0", "backoffInterval", "10"));
        all.putAll(keys);
        SparkSink sink = new SparkSink();
        sink.setName("spark");
        sink.setChannel(channel);
        sink.configure(new Context(all));
        return sink;
    }

    private static MemoryChannel channel(int transactionCapacity) {
        MemoryChannel channel = new MemoryChannel();
        channel.setName("buffer");
        channel.configure(new Context(Map.of(
                "capacity", "20000", "transactionCapacity", "" + transactionCapacity,
                "byteCapacity", "100000000", "keep-alive", "0")));
        channel.start();
        return channel;
    }

    private void put(int from, int to) {
        put(IntStream.range(from, to).mapToObj(SparkSinkTest::event).toList());
    }

    private void put(List<Event> events) {
        put(channel, events);
    }

    private static void put(MemoryChannel channel, List<Event> events) {
        for (int from = 0; from < events.size(); from += 100) {
            Transaction transaction = channel.getTransaction();
            transaction.begin();
            events.subList(from, Math.min(from + 100, events.size())).forEach(channel::put);
            transaction.commit();
            transaction.close();
        }
    }

    private static Event event(int number) {
        return EventBuilder.withBody(Integer.toString(number).getBytes());
    }

    private static List<String> texts(int from, int to) {
        return IntStream.range(from, to).mapToObj(Integer::toString).toList();
    }

    private static String counter(String name) {
        return JMXPollUtil.getAllMBeans().get("SINK.spark").get(name);
    }

    private static String channelSize() {
        return JMXPollUtil.getAllMBeans().get("CHANNEL.buffer").get("ChannelSize");
    }

    private static List<String> threads(String prefix) {
        return Thread.getAllStackTraces().keySet().stream()
                .map(Thread::getName).filter(name -> name.startsWith(prefix)).toList();
    }

    /** The test's time-out is the deadline. */
    private static void await(BooleanSupplier condition) throws InterruptedException {
        while (!condition.getAsBoolean()) {
            Thread.sleep(1);
        }
    }
}
