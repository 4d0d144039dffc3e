package io.pysparkflume.streaming;

import static io.pysparkflume.streaming.Bytes.hex;
import static io.pysparkflume.streaming.Bytes.join;

import io.pysparkflume.avro.AvroReader;
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
 * A stand-in for a SparkSink: sends prepared answers in turn, to any client that asks, and records
 * the acks and nacks. When no answer is left, it lets the call wait, as a sink does.
 */
final class FakeSink implements AutoCloseable {
    /** No metadata, no error. */
    private static final String DONE = "00 00";

    /** How one getEventBatch is answered. */
    interface Answer {
        void send(int serial, DataOutputStream out) throws Exception;
    }

    /** The calls in order, such as "getEventBatch 1000" and "ack s1". */
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

    /** Adds a batch to the answers; {@code events} as hex. */
    void gives(String sequenceNumber, String... events) {
        byte[] all = hex(String.join("", events));
        byte[] count = new AvroWriter().writeLong(events.length).toByteArray();
        answers(join(hex("00 00 00"), Bytes.string(sequenceNumber), count, all,
                events.length == 0 ? new byte[0] : new byte[1]));
    }

    /** Adds an error batch to the answers. */
    void fails(String errorMsg) {
        answers(join(hex("00 00"), Bytes.string(errorMsg), hex("00 00")));
    }

    void answers(byte[] payload) {
        answers.add((serial, out) -> new Frame(serial, payload).write(out));
    }

    void answers(Answer answer) {
        answers.add(answer);
    }

    /** From now on, records a nack and then closes the connection. */
    void closesAtNack() {
        closesAtNack = true;
    }

    /** Waits for the next ack or nack. */
    String nextVerdict() throws InterruptedException {
        String call = calls.take();
        while (call.startsWith("getEventBatch")) {
            call = calls.take();
        }
        return call;
    }

    /** Stops; the port is then free for another sink. */
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
                // The sockets are closed: the test has ended, or closes them on purpose.
            }
        }, "fake-sink");
        thread.setDaemon(true);
        thread.start();
        return thread;
    }
}
