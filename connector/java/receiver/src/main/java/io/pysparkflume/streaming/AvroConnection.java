package io.pysparkflume.streaming;

import io.pysparkflume.streaming.AvroSource.Call;
import io.pysparkflume.streaming.AvroSource.Status;
import io.pysparkflume.streaming.FrameReader.Frame;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.util.zip.Deflater;
import java.util.zip.DeflaterOutputStream;
import java.util.zip.Inflater;
import java.util.zip.InflaterInputStream;
import java.util.zip.ZipException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One client's connection: reads its calls, stores their events, and answers, in this order.
 *
 * <p>A client may be silent between calls for any time, but must not stall within a call.
 */
final class AvroConnection implements Runnable {
    private static final Logger LOG = LoggerFactory.getLogger(AvroConnection.class);

    private static final int STREAM_BUFFER_BYTES = 64 * 1024;

    private final Socket socket;
    private final boolean compressed;
    private final FrameMemory memory;
    private final int stallSecondsMax;
    private final EventStore events;
    private final AvroSource source = new AvroSource();

    /**
     * @param memory shared by all connections
     * @param stallSecondsMax how long to wait within a call for the client or for memory
     */
    AvroConnection(Socket socket, boolean compressed, FrameMemory memory, int stallSecondsMax,
            EventStore events) {
        this.socket = socket;
        this.compressed = compressed;
        this.memory = memory;
        this.stallSecondsMax = stallSecondsMax;
        this.events = events;
    }

    @Override
    public void run() {
        try {
            serve();
        } catch (SocketTimeoutException e) {
            refuse("stalled within a call for " + stallSecondsMax + " s");
        } catch (EOFException e) {
            refuse("ended within a call");
        } catch (ZipException e) {
            refuse("bytes are not zlib (" + e.getMessage() + "); set compression-type = deflate on"
                    + " the sink or enableDecompression=False here");
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (IOException | RuntimeException | Error e) {
            // Spark ends an executor if one of these escapes from its thread.
            boolean closedHere = socket.isClosed();
            if (!closedHere) {
                refuse(e instanceof IOException ? e.getMessage() : e.toString());
            }
        } finally {
            close();
        }
    }

    /** Ends the connection, from any thread; the current call is not answered. */
    void close() {
        try {
            socket.close();
        } catch (IOException e) {
            LOG.debug("close", e);
        }
    }

    private void serve() throws IOException, InterruptedException {
        socket.setKeepAlive(true);
        socket.setTcpNoDelay(true);
        InputStream in = new BufferedInputStream(socket.getInputStream(), STREAM_BUFFER_BYTES);
        OutputStream out = new BufferedOutputStream(socket.getOutputStream());
        if (!compressed) {
            converse(in, out);
            return;
        }
        Inflater inflater = new Inflater();
        Deflater deflater = new Deflater();
        try {
            converse(new InflaterInputStream(in, inflater, STREAM_BUFFER_BYTES),
                    new DeflaterOutputStream(out, deflater, true));
        } finally {
            // Inflaters hold memory outside the heap.
            inflater.end();
            deflater.end();
        }
    }

    private void converse(InputStream in, OutputStream answers)
            throws IOException, InterruptedException {
        FrameReader frames = new FrameReader(
                in, FrameReader.FRAME_BYTES_MAX, memory, stallSecondsMax);
        DataOutputStream out = new DataOutputStream(answers);
        boolean answered = false;
        for (int first = awaitCall(in); first >= 0; first = awaitCall(in)) {
            try {
                Frame frame = frames.read(first);
                byte[] answer;
                try {
                    answer = handle(frame);
                } finally {
                    // Release first: a client that does not read its answer must not hold memory.
                    frames.release(frame);
                }
                new Frame(frame.serial(), answer).write(out);
            } catch (ProtocolException e) {
                throw answered ? e : new ProtocolException(e.getMessage() + hint(first));
            }
            answered = true;
        }
    }

    private byte[] handle(Frame frame) throws ProtocolException {
        Call call = source.read(frame.payload());
        Status status = Status.OK;
        if (call.events().count() > 0) {
            try {
                events.store(call.events());
            } catch (Exception | OutOfMemoryError e) {
                // Flume keeps a batch that was not accepted, and sends it again.
                LOG.warn("Flume client {}: {} events not stored, answered FAILED: {}",
                        peer(), call.events().count(), e.toString());
                status = Status.FAILED;
            }
        }
        return call.answer(status);
    }

    /** Returns the first byte of the next call, or -1 at the end of the stream. */
    private int awaitCall(InputStream in) throws IOException {
        socket.setSoTimeout(0);
        try {
            return in.read();
        } catch (EOFException e) {
            return -1; // a zlib stream without an end mark, like Flume's
        } finally {
            socket.setSoTimeout(stallSecondsMax * 1000);
        }
    }

    private String hint(int firstByte) {
        return switch (firstByte) {
            case 0x78 -> compressed ? "" : "; if the sink has compression-type = deflate,"
                    + " pass enableDecompression=True";
            case 0x16 -> "; if the sink has ssl = true, set it to false: this receiver has no TLS";
            default -> "; only Flume's avro sink (or its RPC client) may connect here";
        };
    }

    void refuse(String reason) {
        LOG.warn("Flume client {} disconnected: {}", peer(), reason);
    }

    String peer() {
        return socket.getInetAddress().getHostAddress() + ":" + socket.getPort();
    }
}
