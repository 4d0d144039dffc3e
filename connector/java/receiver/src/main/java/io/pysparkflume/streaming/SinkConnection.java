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
 * One connection to a SparkSink: fetches batches, stores them, and acks them, in this order.
 *
 * <p>A sink answers once its channel has events, perhaps only after a day. This wait has no
 * time-out, because no heartbeat can tell a quiet channel from a hung agent; TCP's keep-alive
 * detects a host that is gone. All other answers arrive at once, and no answer may stall once it
 * has begun.
 */
final class SinkConnection implements Closeable {
    private static final Logger LOG = LoggerFactory.getLogger(SinkConnection.class);

    private static final int STREAM_BUFFER_BYTES = 64 * 1024;

    /** For a host that drops packets: long enough for Linux to send three SYNs. */
    private static final int CONNECT_MILLIS_MAX = 10_000;

    /** This detects a host that is gone after 60 + 6 * 10 s; the system's defaults take 2 h. */
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
     * Creates a connection that is not open yet: see {@link #open}.
     *
     * @param sink host and port, as log lines name them
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
     * Waits for a batch of at most {@code eventsMax} events, stores it, and acks or nacks it.
     *
     * @return how many events were acked; 0 if the batch was empty or nacked, to be sent again
     * @throws SinkErrorException the sink gave no batch; the connection can still be used
     * @throws IOException the connection can no longer be used; a batch that was being transferred
     *     is sent again, whether it was stored or not
     */
    int transfer(int eventsMax, EventStore store)
            throws IOException, InterruptedException, SinkErrorException {
        try {
            return storeAndTell(call(SinkProtocol.getEventBatch(eventsMax), true), store);
        } finally {
            holdBatch(false);
        }
    }

    /** Closes the connection, from any thread, unless a batch is being stored and acked. */
    synchronized void stop() {
        if (!holdsBatch) {
            close();
        }
    }

    /** Closes the connection at once, from any thread. */
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
            stored = batch.events().count() == 0 || isStored(batch, store);
        } finally {
            frames.release(answer);
        }
        String number = batch.sequenceNumber();
        Frame done = call(stored ? SinkProtocol.ack(number) : SinkProtocol.nack(number), false);
        frames.release(done);
        SinkProtocol.readDone(done.payload());
        return stored ? batch.events().count() : 0;
    }

    private boolean isStored(EventBatch batch, EventStore store) {
        try {
            store.store(batch.events());
            return true;
        } catch (Exception | OutOfMemoryError e) {
            if (e instanceof InterruptedException) {
                Thread.currentThread().interrupt();
            }
            LOG.warn("Flume sink {}: {} events not stored, the sink keeps them: {}",
                    sink, batch.events().count(), e.toString());
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
                        "answer to call " + answer.serial() + ", expected to call " + serial);
            }
            return answer;
        } catch (SocketTimeoutException e) {
            throw new SocketTimeoutException("no complete answer in " + stallSecondsMax + " s");
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
