package io.pysparkflume.streaming;

import static io.pysparkflume.streaming.Bytes.hex;
import static io.pysparkflume.streaming.Bytes.join;

import io.pysparkflume.streaming.FrameReader.Frame;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;

/**
 * A SparkSink's side of the wire: gives the answers it was given, in turn to whoever asks, and
 * notes what it is told of them. With no answer left, it lets a call wait, as a sink does.
 */
final class FakeSink implements AutoCloseable {
    /** No metadata, no error. */
    private static final String DONE = "00 00";

    /** What is done with one getEventBatch. */
    interface Answer {
        void send(int serial, DataOutputStream out) throws Exception;
    }

    /** Such as "getEventBatch 1000" and "ack s1", in the order of their coming. */
    final BlockingQueue<String> calls = new LinkedBlockingQueue<>();

    private final BlockingQueue<Answer> answers = new LinkedBlockingQueue<>();
    private final Set<Socket> connections = ConcurrentHashMap.newKeySet();
    private final ServerSocket server = new ServerSocket();
    private final Thread accepting;
    private volatile boolean closesAtNack;

    FakeSink() throws IOException {
        this(0);
    }

    FakeSink(int port) throws IOException {
        server.setReuseAddress(true);
        server.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
        accepting = daemon(this::accept);
    }

    int port() {
        return server.getLocalPort();
    }

    InetSocketAddress address() {
        return InetSocketAddress.createUnresolved("127.0.0.1", port());
    }

    int connections() {
        return connections.size();
    }

    /** The next batch; {@code events} as hex. */
    void gives(String sequenceNumber, String... events) {
        byte[] all = hex(String.join("", events));
        byte[] count = new AvroWriter().writeLong(events.length).toByteArray();
        answers(join(hex("00 00 00"), Bytes.string(sequenceNumber), count, all,
                events.length == 0 ? new byte[0] : new byte[1]));
    }

    /** The next answer is an error batch. */
    void fails(String errorMsg) {
        answers(join(hex("00 00"), Bytes.string(errorMsg), hex("00 00")));
    }

    void answers(byte[] payload) {
        answers.add((serial, out) -> new Frame(serial, payload).write(out));
    }

    void answers(Answer answer) {
        answers.add(answer);
    }

    /** A nack is noted, and the connection closed. */
    void closesAtNack() {
        closesAtNack = true;
    }

    /** The next call that is not getEventBatch. */
    String nextVerdict() throws InterruptedException {
        String call = calls.take();
        while (call.startsWith("getEventBatch")) {
            call = calls.take();
        }
        return call;
    }

    /** Afterwards the port is free for another. */
    @Override
    public void close() throws IOException {
        server.close();
        for (Socket connection : connections) {
            connection.close();
        }
        try {
            accepting.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void accept() throws IOException {
        while (true) {
            Socket connection = server.accept();
            connections.add(connection);
            daemon(() -> {
                try (connection) {
                    serve(connection);
                } finally {
                    connections.remove(connection);
                }
            });
        }
    }

    private void serve(Socket connection) throws Exception {
        FrameReader frames = new FrameReader(connection.getInputStream(),
                FrameReader.FRAME_BYTES_MAX, new FrameMemory(FrameReader.FRAME_BYTES_MAX), 1);
        DataOutputStream out = new DataOutputStream(connection.getOutputStream());
        boolean connected = false;
        for (int first = read(connection); first >= 0; first = read(connection)) {
            Frame call = frames.read(first);
            frames.release(call);
            AvroReader in = new AvroReader(call.payload());
            if (!connected) {
                Handshake.Request.read(in);
                new Frame(call.serial(), hex("00 00 00 00")).write(out); // BOTH
                connected = true;
                continue;
            }
            in.skipMap();
            String name = in.readString();
            if (name.equals("getEventBatch")) {
                calls.add(name + " " + in.readLong());
                answers.take().send(call.serial(), out);
                continue;
            }
            calls.add(name + " " + in.readString());
            if (name.equals("nack") && closesAtNack) {
                return;
            }
            new Frame(call.serial(), hex(DONE)).write(out);
        }
    }

    private static int read(Socket connection) throws IOException {
        return connection.getInputStream().read();
    }

    private interface Work {
        void run() throws Exception;
    }

    private static Thread daemon(Work work) {
        Thread thread = new Thread(() -> {
            try {
                work.run();
            } catch (Exception e) {
                // Its sockets are closed: the test has ended, or has it so.
            }
        }, "fake-sink");
        thread.setDaemon(true);
        thread.start();
        return thread;
    }
}
