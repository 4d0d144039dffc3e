package io.pysparkflume.flume;

import com.google.gson.Gson;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/**
 * Answers {@code GET /metrics} with the counters as JSON, in the same form as Flume's own
 * HTTPMetricsServer: {@code {"SOURCE.spool": {"EventAcceptedCount": "10000", …}, …}}. {@code GET
 * /moved} says when each counter has last changed, in ms since 1970; see {@link CounterTimes}.
 *
 * <p>Who accepts the text of OpenMetrics or Prometheus, as Prometheus does, gets that text from
 * {@code /metrics}; see {@link CounterFamilies}.
 *
 * <p>It is not a subclass of HTTPMetricsServer, which always listens on every address. It uses the
 * JDK's HTTP server, so the runtime needs no Jetty.
 */
final class MetricsServer {
    private static final String JSON = "application/json;charset=utf-8";
    private static final String PLAIN = "text/plain;charset=utf-8";
    private static final String LINK =
            "For Flume metrics please click <a href = \"./metrics\"> here</a>.";

    private final HttpServer http;
    private final Supplier<Map<String, Map<String, String>>> counters;
    private final CounterTimes times;
    private final Gson gson = new Gson();

    private MetricsServer(HttpServer http, Supplier<Map<String, Map<String, String>>> counters) {
        this.http = http;
        this.counters = counters;
        times = new CounterTimes(counters);
    }

    /**
     * Listens until {@link #stop()}.
     *
     * @throws IOException if the address is unknown or the port in use
     */
    static MetricsServer start(
            String host, int port, Supplier<Map<String, Map<String, String>>> counters)
            throws IOException {
        InetSocketAddress address = new InetSocketAddress(host, port);
        if (address.isUnresolved()) {
            throw new UnknownHostException("unknown host " + host);
        }
        HttpServer http = HttpServer.create(address, 0);
        MetricsServer server = new MetricsServer(http, counters);
        http.createContext("/", server::answer);
        http.start();
        server.times.start();
        return server;
    }

    int port() {
        return http.getAddress().getPort();
    }

    void stop() {
        times.stop();
        http.stop(0);
    }

    private void answer(HttpExchange exchange) throws IOException {
        String path = exchange.getRequestURI().getPath();
        String accept = String.join(
                ",", exchange.getRequestHeaders().getOrDefault("Accept", List.of()));
        MetricsText wanted = MetricsText.accepted(accept);
        if (!"GET".equals(exchange.getRequestMethod())) {
            send(exchange, 405, PLAIN, "Only GET is supported.");
        } else if ("/metrics".equalsIgnoreCase(path) && wanted != null) {
            send(exchange, 200, wanted.contentType, wanted.of(CounterFamilies.read()));
        } else if ("/metrics".equalsIgnoreCase(path)) {
            send(exchange, 200, JSON, gson.toJson(counters.get()));
        } else if ("/moved".equalsIgnoreCase(path)) {
            send(exchange, 200, JSON, gson.toJson(times.get()));
        } else if ("/".equals(path)) {
            send(exchange, 200, "text/html;charset=utf-8", LINK);
        } else {
            send(exchange, 404, PLAIN, "Only /metrics and /moved are served here.");
        }
    }

    private static void send(HttpExchange exchange, int status, String type, String text)
            throws IOException {
        byte[] body = text.getBytes(StandardCharsets.UTF_8);
        try (exchange) {
            exchange.getResponseHeaders().set("Content-Type", type);
            exchange.sendResponseHeaders(status, body.length);
            exchange.getResponseBody().write(body);
        }
    }
}
