package io.pysparkflume.flume;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.net.ConnectException;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.apache.flume.Context;
import org.apache.flume.instrumentation.ChannelCounter;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MetricsMonitorTest {
    private static final long DEADLINE_MILLIS = 10_000;

    @TempDir Path directory;
    private final ChannelCounter channel = new ChannelCounter("buffer");
    private final MetricsMonitor monitor = new MetricsMonitor();

    @BeforeEach
    void startCounting() {
        channel.start();
    }

    @AfterEach
    void stopMonitor() {
        monitor.stop();
    }

    @Test
    void metricsOverHttpAreFlumesOwnJson() throws Exception {
        start(Map.of());
        channel.addToEventPutSuccessCount(3);

        HttpResponse<String> answer = get("/metrics");

        assertEquals(200, answer.statusCode());
        assertEquals(
                "application/json;charset=utf-8",
                answer.headers().firstValue("Content-Type").get());
        JsonObject counters = parse(answer.body()).getAsJsonObject("CHANNEL.buffer");
        assertEquals("3", counters.get("EventPutSuccessCount").getAsString());
        assertEquals("CHANNEL", counters.get("Type").getAsString());
        assertEquals(404, get("/elsewhere").statusCode());
    }

    @Test
    void prometheusGetsTheNamesOfFlumesNextRelease() throws Exception {
        start(Map.of());
        channel.addToEventPutSuccessCount(3);
        channel.setChannelSize(2);

        HttpResponse<String> answer = getAs("text/plain;version=0.0.4;q=0.5, */*;q=0.1");

        assertEquals(
                "text/plain; version=0.0.4; charset=utf-8",
                answer.headers().firstValue("Content-Type").get());
        String labels = "{component=\"buffer\",type=\"CHANNEL\"} ";
        assertTrue(answer.body().contains(
                "# TYPE Flume_EventPutSuccessCount_total counter\n"
                        + "Flume_EventPutSuccessCount_total" + labels + "3\n"));
        assertTrue(answer.body().contains(
                "# TYPE Flume_ChannelSize gauge\nFlume_ChannelSize" + labels + "2\n"));
        assertFalse(answer.body().contains("StartTime"), "Flume does not show it either");
        assertFalse(answer.body().contains("# EOF"));
    }

    @Test
    void openMetricsNamesAFamilyWithoutItsSuffix() throws Exception {
        start(Map.of());
        channel.addToEventPutSuccessCount(3);

        String body = getAs("application/openmetrics-text;version=1.0.0,text/plain;q=0.5").body();

        assertTrue(body.contains("# TYPE Flume_EventPutSuccessCount counter\n"
                + "Flume_EventPutSuccessCount_total{component=\"buffer\",type=\"CHANNEL\"} 3\n"));
        assertTrue(body.endsWith("\n# EOF\n"));
    }

    @Test
    void clientsForJsonGetJson() throws Exception {
        start(Map.of());

        for (String accept : List.of("*/*", "application/json, text/plain, */*", "text/html")) {
            assertTrue(parse(getAs(accept).body()).has("CHANNEL.buffer"), accept);
        }
    }

    @Test
    void namesAreEscapedAndTruthIsANumber() {
        String text = MetricsText.PROMETHEUS.of(List.of(new CounterFamilies.Family(
                "Flume_Open", false, List.of(new CounterFamilies.Sample("a\"b\\c\n", "X", "1")))));

        assertTrue(text.endsWith("Flume_Open{component=\"a\\\"b\\\\c\\n\",type=\"X\"} 1\n"), text);
    }

    @Test
    void movedSaysWhenEachCounterLastChanged() throws Exception {
        channel.setChannelSize(0);
        long before = System.currentTimeMillis();
        start(Map.of());
        until(() -> moved("EventPutSuccessCount") >= before);
        long first = moved("EventPutSuccessCount");
        channel.setChannelSize(3);
        channel.addToEventPutSuccessCount(3);

        until(() -> moved("EventPutSuccessCount") > first);

        assertTrue(moved("EventTakeSuccessCount") <= first);
        assertTrue(moved("ChannelEmpty") < moved("ChannelSize"));
    }

    @Test
    void listensOnLoopbackUnlessToldOtherwise() throws Exception {
        start(Map.of());
        // 127.0.0.2 is this machine too: a server on every address would answer there.
        assertThrows(ConnectException.class, () -> get("127.0.0.2", "/metrics"));
        monitor.stop();

        start(Map.of("host", "0.0.0.0"));
        assertEquals(200, get("127.0.0.2", "/metrics").statusCode());
    }

    @Test
    void onceMetricsAnswerTheNewestFileIsTheCurrentRuns() throws Exception {
        Files.writeString(directory.resolve("1763830000000.json"), "{}");
        channel.addToEventPutSuccessCount(2);

        start(Map.of("directory", directory.toString()));

        assertEquals(200, get("/metrics").statusCode());
        assertEquals(2, files().size());
        assertEquals(2, putsOnDisk());
    }

    @Test
    void countersAreOnDiskWhileTheAgentRuns() throws Exception {
        start(Map.of("directory", directory.toString()));
        channel.addToEventPutSuccessCount(5);

        until(() -> putsOnDisk() == 5);

        assertFalse(onDisk().get("final").getAsBoolean());
    }

    @Test
    void lastCountsAreOnDiskAfterAStopAndMarkedFinal() throws Exception {
        long before = System.currentTimeMillis();
        start(Map.of("directory", directory.toString()));
        channel.addToEventPutSuccessCount(7);

        monitor.stop();
        monitor.stop(); // Flume does so

        assertEquals(7, putsOnDisk());
        assertTrue(onDisk().get("final").getAsBoolean());
        long started = onDisk().get("started").getAsLong();
        assertTrue(started >= before && started <= System.currentTimeMillis());
        assertEquals(List.of(directory.resolve(started + ".json")), files());
    }

    @Test
    void httpWorksIfTheDirectoryIsUnwritable() throws Exception {
        Path notADirectory = Files.writeString(directory.resolve("file"), "");
        start(Map.of("directory", notADirectory.toString()));

        assertEquals(200, get("/metrics").statusCode());
    }

    @Test
    void countersAreKeptOnceTheDirectoryBecomesWritable() throws Exception {
        Path place = Files.writeString(directory.resolve("place"), "");
        start(Map.of("directory", place.toString()));
        Files.delete(place);

        until(() -> Files.isDirectory(place));
    }

    @Test
    void filesAreWrittenIfThePortIsInUse() throws Exception {
        try (ServerSocket taken = new ServerSocket(0)) {
            start(Map.of("port", "" + taken.getLocalPort(), "directory", directory.toString()));

            assertEquals(1, files().size());
        }
    }

    private void start(Map<String, String> properties) {
        Context context = new Context(Map.of("port", "0"));
        context.putAll(properties);
        monitor.configure(context);
        monitor.start();
    }

    private HttpResponse<String> get(String path) throws Exception {
        return get("127.0.0.1", path);
    }

    private HttpResponse<String> get(String host, String path) throws Exception {
        URI uri = URI.create("http://" + host + ":" + monitor.port() + path);
        return HttpClient.newHttpClient()
                .send(HttpRequest.newBuilder(uri).build(), HttpResponse.BodyHandlers.ofString());
    }

    private HttpResponse<String> getAs(String accept) throws Exception {
        URI uri = URI.create("http://127.0.0.1:" + monitor.port() + "/metrics");
        return HttpClient.newHttpClient().send(
                HttpRequest.newBuilder(uri).header("Accept", accept).build(),
                HttpResponse.BodyHandlers.ofString());
    }

    /** Returns 0 before the first look. */
    private long moved(String counter) throws Exception {
        JsonObject its = parse(get("/moved").body()).getAsJsonObject("CHANNEL.buffer");
        return its == null ? 0 : its.get(counter).getAsLong();
    }

    private List<Path> files() throws IOException {
        try (Stream<Path> all = Files.list(directory)) {
            return all.filter(path -> path.toString().endsWith(".json")).sorted().toList();
        }
    }

    private JsonObject onDisk() throws IOException {
        List<Path> files = files();
        return parse(Files.readString(files.get(files.size() - 1)));
    }

    private long putsOnDisk() throws IOException {
        return onDisk().getAsJsonObject("metrics").getAsJsonObject("CHANNEL.buffer")
                .get("EventPutSuccessCount").getAsLong();
    }

    private static JsonObject parse(String json) {
        return JsonParser.parseString(json).getAsJsonObject();
    }

    private static void until(Callable<Boolean> condition) throws Exception {
        long deadline = System.currentTimeMillis() + DEADLINE_MILLIS;
        while (!condition.call()) {
            assertTrue(
                    System.currentTimeMillis() < deadline, "not within " + DEADLINE_MILLIS + " ms");
            Thread.sleep(20);
        }
    }
}
