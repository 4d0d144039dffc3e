package io.pysparkflume.streaming;

import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;

/**
 * Splits a byte stream into the frames of Avro RPC over Netty: big-endian {@code serial:int32,
 * buffers:int32}, then for each buffer {@code length:int32, bytes}.
 *
 * <p>Memory grows with the bytes that arrive, not with the length that is claimed.
 */
final class FrameReader {
    static final int MIB = 1024 * 1024;

    /** A corrupt length must not fill the heap; a batch of 1000 access log lines is 0.2 MiB. */
    static final int FRAME_BYTES_MAX = 64 * MIB;

    /** Avro's writers put 8 KiB into a buffer, so this is twice what the largest frame needs. */
    static final int FRAME_BUFFERS_MAX = 2 * FRAME_BYTES_MAX / 8192;

    private static final int CHUNK_BYTES = 64 * 1024;

    /** One call or answer: its number on the connection, and the bytes of all its buffers. */
    record Frame(int serial, byte[] payload) {
        /** Writes the frame as one buffer. */
        void write(DataOutputStream out) throws IOException {
            out.writeInt(serial);
            out.writeInt(1);
            out.writeInt(payload.length);
            out.write(payload);
            out.flush();
        }
    }

    private final DataInputStream in;
    private final int frameBytesMax;
    private final FrameMemory memory;
    private final int memoryWaitSeconds;

    /** What the current frame has taken; more than it keeps if the heap is full. */
    private int taken;

    /**
     * @param memory shared by all connections; a frame's bytes are taken from it as they arrive,
     *     and the caller gives them back with {@link #release}
     */
    FrameReader(InputStream in, int frameBytesMax, FrameMemory memory, int memoryWaitSeconds) {
        this.in = new DataInputStream(in);
        this.frameBytesMax = frameBytesMax;
        this.memory = memory;
        this.memoryWaitSeconds = memoryWaitSeconds;
    }

    /**
     * Reads the frame whose first byte the caller has already read, because waiting for a call and
     * waiting within a call have different time-outs.
     *
     * @throws ProtocolException the frame is over a limit; no memory is held then
     * @throws EOFException the stream ends within the frame
     */
    Frame read(int firstByte) throws IOException, InterruptedException {
        int serial = firstByte << 24
                | in.readUnsignedByte() << 16
                | in.readUnsignedByte() << 8
                | in.readUnsignedByte();
        int buffers = in.readInt();
        if (buffers < 0 || buffers > FRAME_BUFFERS_MAX) {
            throw new ProtocolException(String.format(
                    "frame of %,d buffers, the limit is %,d",
                    Integer.toUnsignedLong(buffers), FRAME_BUFFERS_MAX));
        }
        ByteArrayOutputStream payload = new ByteArrayOutputStream();
        Frame frame = null;
        taken = 0;
        try {
            for (int i = 0; i < buffers; i++) {
                readBuffer(payload);
            }
            frame = new Frame(serial, payload.toByteArray());
        } finally {
            if (frame == null) { // whatever the cause, even a full heap
                memory.give(this, taken);
            }
        }
        return frame;
    }

    void release(Frame frame) {
        memory.give(this, frame.payload().length);
    }

    private void readBuffer(ByteArrayOutputStream payload)
            throws IOException, InterruptedException {
        int length = in.readInt();
        long frameBytes = payload.size() + Integer.toUnsignedLong(length);
        if (frameBytes > frameBytesMax) {
            throw new ProtocolException(String.format(
                    "frame of at least %,d bytes, the limit is %,d", frameBytes, frameBytesMax));
        }
        byte[] chunk = new byte[Math.min(length, CHUNK_BYTES)];
        for (int left = length; left > 0; ) {
            int read = in.read(chunk, 0, Math.min(left, chunk.length));
            if (read < 0) {
                throw new EOFException();
            }
            if (!memory.take(this, read, memoryWaitSeconds)) {
                throw new ProtocolException(String.format(
                        "no memory for its frame within %d s: other connections hold it;"
                                + " send smaller batches or give the executor more",
                        memoryWaitSeconds));
            }
            taken += read;
            payload.write(chunk, 0, read);
            left -= read;
        }
    }
}
