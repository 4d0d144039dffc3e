package io.pysparkflume.lint.proof;

import java.io.IOException;
import java.io.OutputStream;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import org.apache.flume.Event;
import org.apache.flume.EventDeliveryException;
import org.apache.flume.FlumeException;
import org.apache.flume.api.RpcClient;
import org.apache.flume.api.RpcClientFactory;
import org.apache.flume.event.EventBuilder;

/** Sends events to an agent in the ways that its sources offer. */
final class Feeder {
  private static final int PATIENCE_MILLIS = 1500; // a source is started a moment after the agent
  private static final int STEP_MILLIS = 20;

  private Feeder() {}

  /** Sends the bodies; false if nobody listens. What the source answers goes to answers. */
  static boolean send(
      Case.Feed feed, List<String> bodies, Map<String, String> headers, StringBuffer answers)
      throws IOException, InterruptedException {
    String lines = String.join("\n", bodies) + "\n";
    switch (feed.kind) {
      case "append", "rotate" -> {
        if (feed.kind.equals("rotate")) {
          Files.move(Path.of(feed.path), Path.of(feed.path + ".1"));
        }
        Files.createDirectories(Path.of(feed.path).getParent());
        Files.writeString(Path.of(feed.path), lines,
            StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        return true;
      }
      case "udp" -> {
        if (!isBound(feed.port)) {
          return false;
        }
        try (DatagramSocket socket = new DatagramSocket()) {
          for (String body : bodies) {
            byte[] bytes = (body + "\n").getBytes(StandardCharsets.UTF_8);
            socket.send(new DatagramPacket(
                bytes, bytes.length, InetAddress.getLoopbackAddress(), feed.port));
          }
        }
        return true;
      }
      default -> { }
    }
    if (!listens(feed.port)) {
      return false;
    }
    switch (feed.kind) {
      case "avro" -> {
        return sendAvro(feed, bodies, headers);
      }
      case "http" -> sendHttp(feed.port, bodies, headers);
      default -> {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), feed.port)) {
          OutputStream out = socket.getOutputStream();
          out.write(lines.getBytes(StandardCharsets.UTF_8));
          out.flush();
          socket.shutdownOutput();
          socket.setSoTimeout(PATIENCE_MILLIS);
          // netcat answers OK and closes
          answers.append(
              new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8));
        } catch (IOException error) {
          return true; // it listens, and answers nothing or ends the connection
        }
      }
    }
    return true;
  }

  /** Whether a UDP source has the port: then nobody else can take it. */
  private static boolean isBound(int port) {
    try (DatagramSocket probe = new DatagramSocket(port, InetAddress.getLoopbackAddress())) {
      return false;
    } catch (IOException taken) {
      return true;
    }
  }

  private static boolean listens(int port) throws InterruptedException {
    for (int waited = 0; waited < PATIENCE_MILLIS; waited += STEP_MILLIS) {
      try (Socket socket = new Socket()) {
        socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 1000);
        return true;
      } catch (IOException refused) {
        Thread.sleep(STEP_MILLIS);
      }
    }
    return false;
  }

  /** Sends a batch; false if nobody listens any more. */
  private static boolean sendAvro(
      Case.Feed feed, List<String> bodies, Map<String, String> headers) {
    Properties properties = new Properties();
    properties.setProperty("hosts", "h1");
    properties.setProperty("hosts.h1", "127.0.0.1:" + feed.port);
    properties.setProperty("compression-type", feed.deflate ? "deflate" : "none");
    RpcClient client;
    try {
      client = RpcClientFactory.getInstance(properties);
    } catch (FlumeException gone) {
      return false;
    }
    try {
      List<Event> events = new ArrayList<>();
      for (String body : bodies) {
        events.add(EventBuilder.withBody(body, StandardCharsets.UTF_8, headers));
      }
      client.appendBatch(events);
    } catch (EventDeliveryException error) {
      // The agent refused the batch: its channel's counts show it.
    } finally {
      client.close();
    }
    return true;
  }

  private static void sendHttp(int port, List<String> bodies, Map<String, String> headers)
      throws IOException, InterruptedException {
    List<String> events = new ArrayList<>();
    for (String body : bodies) {
      events.add("{\"headers\": {" + String.join(", ", headers.entrySet().stream()
          .map(entry -> "\"" + entry.getKey() + "\": \"" + entry.getValue() + "\"").toList())
          + "}, \"body\": \"" + body + "\"}");
    }
    HttpRequest request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/"))
        .header("Content-Type", "application/json; charset=utf-8")
        .POST(HttpRequest.BodyPublishers.ofString(events.toString())).build();
    HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.discarding());
  }
}
