package io.pysparkflume.lint.proof;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;

/** Stands for a server that Flume's sinks connect to. */
final class Listener {
  private static final int FIRST_BYTES = 1; // 16: TLS begins; 78: compressed data; 00: Avro
  private static final byte[] BAD_REQUEST =
      "HTTP/1.1 400 Illegal character\r\nConnection: close\r\n\r\n"
          .getBytes(StandardCharsets.US_ASCII);

  private static final int PATIENCE_MILLIS = 10_000;
  private volatile String first = "nothing";
  private Thread thread;

  private Listener() {}

  /** Answers as a web server, such as the NameNode's, answers what is no HTTP. */
  static void web(int port) throws IOException {
    ServerSocket server = new ServerSocket(port, 5, InetAddress.getLoopbackAddress());
    Thread thread = new Thread(() -> {
      while (true) {
        try (Socket socket = server.accept()) {
          socket.getInputStream().read(new byte[4096]);
          socket.getOutputStream().write(BAD_REQUEST);
        } catch (IOException gone) {
          // the next connection may be better
        }
      }
    });
    thread.setDaemon(true);
    thread.start();
  }

  /** A server that notes how the first connection begins, and answers nothing. */
  static Listener wire(int port) throws IOException {
    ServerSocket server = new ServerSocket(port, 5, InetAddress.getLoopbackAddress());
    Listener listener = new Listener();
    listener.thread = new Thread(() -> {
      try (server; Socket socket = server.accept()) {
        byte[] bytes = socket.getInputStream().readNBytes(FIRST_BYTES);
        listener.first = HexFormat.of().formatHex(bytes);
      } catch (IOException error) {
        listener.first = error.toString();
      }
    });
    listener.thread.setDaemon(true);
    listener.thread.start();
    return listener;
  }

  /** The first byte that came, in hexadecimal digits; it is waited for. */
  String first() {
    try {
      thread.join(PATIENCE_MILLIS);
    } catch (InterruptedException stopped) {
      Thread.currentThread().interrupt();
    }
    return first;
  }
}
