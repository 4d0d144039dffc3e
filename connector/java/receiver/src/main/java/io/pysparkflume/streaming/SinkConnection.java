package io.pysparkflume.streaming;

import io.pysparkflume.streaming.FrameReader.Frame;
import io.pysparkflume.streaming.SinkProtocol.EventBatch;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.Closeable;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import jdk.net.ExtendedSocketOptions;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One connection to a SparkSink: fetches batches, has them stored, and acks them, in this order.
 *
 * <p>A sink answers once its channel has events, be it after a day: waiting for that has no
 * time-out, since no heartbeat would tell a quiet channel from a hung agent; a host that is gone is
 * noticed by TCP's keep-alive. All other answers come at once, and none may stall once begun.
 */
final class SinkConnection implements Closeable {
    private static final Logger LOG = LoggerFactory.getLogger(SinkConnection.class);

    private static final int STREAM_BUFFER_BYTES = 64 * 1024;

    /** A host that drops packets: as long as Linux sends a SYN three times. */
    private static final int CONNECT_MILLIS_MAX = 10_000;

    /** A host that is gone is noticed after 60 + 6 * 10 s; by the system's defaults after 2 h. */
    private static final int KEEPALIVE_IDLE_SECONDS = 60;
    private static final int KEEPALIVE_INTERVAL_SECONDS = 10;
    private static final int KEEPALIVE_PROBES = 6;

    private final Socket socket = new Socket();
    private final String sink;
    private final int stallSecondsMax;
    private InputStream in;
    private DataOutputStream out;
    private FrameReader frames;
    private int serial;
    private boolean holdsBatch;

    /**
     * Not connected yet: see {@link #open}.
     *
     * @param sink host and port as a log line names them
     * @param stallSecondsMax how long to wait for an answer other than a batch, and within one
     */
    SinkConnection(String sink, int stallSecondsMax) {
        this.sink = sink;
        this.stallSecondsMax = stallSecondsMax;
    }

    /**
     * Connects and shakes hands.
     *
     * @param memory shared by all connections
     */
    void open(InetSocketAddress address, FrameMemory memory)
            throws IOException, InterruptedException {
        if (address.isUnresolved()) {
            throw new UnknownHostException("unknown host");
        }
        socket.connect(address, CONNECT_MILLIS_MAX);
        socket.setTcpNoDelay(true);
        keepAlive();
        in = new BufferedInputStream(socket.getInputStream(), STREAM_BUFFER_BYTES);
        out = new DataOutputStream(new BufferedOutputStream(socket.getOutputStream()));
        frames = new FrameReader(in, FrameReader.FRAME_BYTES_MAX, memory, stallSecondsMax);
        try {
            Frame answer = call(SinkProtocol.handshake(), false);
            frames.release(answer);
            SinkProtocol.readHandshake(answer.payload());
        } catch (ProtocolException e) {
            throw new ProtocolException(e.getMessage() + "; give the port of a SparkSink");
        }
    }

    /**
     * Fetches a batch of at most {@code eventsMax}, waits for one if need be, and has it stored.
     *
     * @return how many events the sink has been told to forget; 0 where it keeps its batch, to send
     *     it again, or had none
     * @throws SinkErrorException the sink gave no batch; the connection is as good as before
     * @throws IOException the connection is of no use any more; a batch that was under way comes
     *     again, stored or not
     */
    int transfer(int eventsMax, EventStore store)
            throws IOException, InterruptedException, SinkErrorException {
        try {
            return storeAndTell(call(SinkProtocol.getEventBatch(eventsMax), true), store);
        } finally {
            holdBatch(false);
        }
    }

    /** From any thread: ends what is under way; but a batch that has come is brought to its end. */
    synchronized void stop() {
        if (!holdsBatch) {
            close();
        }
    }

    /** From any thread: ends whatever is under way. */
    @Override
    public void close() {
        try {
            socket.close();
        } catch (IOException e) {
            LOG.debug("close", e);
        }
    }

    private int storeAndTell(Frame answer, EventStore store)
            throws IOException, InterruptedException, SinkErrorException {
        EventBatch batch;
        boolean stored;
        try {
            batch = SinkProtocol.readEventBatch(answer.payload());
            stored = batch.events().isEmpty() || isStored(batch, store);
        } finally {
            frames.release(answer);
        }
        String number = batch.sequenceNumber();
        Frame done = call(stored ? SinkProtocol.ack(number) : SinkProtocol.nack(number), false);
        frames.release(done);
        SinkProtocol.readDone(done.payload());
        return stored ? batch.events().size() : 0;
    }

    private boolean isStored(EventBatch batch, EventStore store) {
        try {
            store.store(batch.events());
            return true;
        } catch (Exception | OutOfMemoryError e) {
            if (e instanceof InterruptedException) {
                Thread.currentThread().interrupt();
            }
            LOG.warn("Flume sink {}: {} events not stored, and left to it: {}",
                    sink, batch.events().size(), e.toString());
            return false;
        }
    }

    private Frame call(byte[] payload, boolean forBatch)
            throws IOException, InterruptedException {
        serial++;
        new Frame(serial, payload).write(out);
        try {
            Frame answer = frames.read(forBatch ? awaitBatch() : firstByte(stallSecondsMax));
            if (answer.serial() != serial) {
                frames.release(answer);
                throw new ProtocolException(
                        "answer " + answer.serial() + " to call " + serial);
            }
            return answer;
        } catch (SocketTimeoutException e) {
            throw new SocketTimeoutException("no whole answer within " + stallSecondsMax + " s");
        } catch (EOFException e) {
            throw new EOFException("closed by the sink");
        }
    }

    private int awaitBatch() throws IOException {
        int first = firstByte(0);
        holdBatch(true);
        return first;
    }

    private synchronized void holdBatch(boolean holds) {
        holdsBatch = holds;
    }

    private int firstByte(int seconds) throws IOException {
        socket.setSoTimeout(seconds * 1000);
        int first = in.read();
        if (first < 0) {
            throw new EOFException();
        }
        socket.setSoTimeout(stallSecondsMax * 1000);
        return first;
    }

    private void keepAlive() throws IOException {
        socket.setKeepAlive(true);
        if (socket.supportedOptions().contains(ExtendedSocketOptions.TCP_KEEPIDLE)) {
            socket.setOption(ExtendedSocketOptions.TCP_KEEPIDLE, KEEPALIVE_IDLE_SECONDS);
            socket.setOption(ExtendedSocketOptions.TCP_KEEPINTERVAL, KEEPALIVE_INTERVAL_SECONDS);
            socket.setOption(ExtendedSocketOptions.TCP_KEEPCOUNT, KEEPALIVE_PROBES);
        }
    }
}
