package io.pysparkflume.streaming;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * A cursor over Avro's binary encoding, in memory.
 *
 * <p>Every length is checked against the remaining bytes before anything is allocated.
 *
 * @see <a href="https://avro.apache.org/docs/1.12.0/specification/#binary-encoding">Avro: binary
 *     encoding</a>
 */
final class AvroReader {
    /** An empty event has 2 bytes on the wire, but an object in Python. */
    static final int BATCH_EVENTS_MAX = 1_000_000;

    private static final int VARINT_BYTES_MAX = 10;

    private final byte[] bytes;
    private int position;

    AvroReader(byte[] bytes) {
        this.bytes = bytes;
    }

    int remaining() {
        return bytes.length - position;
    }

    /** Reads a zig-zag variable-length integer of at most 64 bits. */
    long readLong() throws ProtocolException {
        long value = 0;
        for (int i = 0; i < VARINT_BYTES_MAX; i++) {
            if (position == bytes.length) {
                throw new ProtocolException("message ends within a number, at byte " + position);
            }
            byte next = bytes[position++];
            value |= (next & 0x7fL) << (7 * i);
            if (next >= 0) {
                return (value >>> 1) ^ -(value & 1);
            }
        }
        throw new ProtocolException(
                "number of more than " + VARINT_BYTES_MAX + " bytes, at byte " + position);
    }

    byte[] readFixed(int length) throws ProtocolException {
        skip(length);
        return Arrays.copyOfRange(bytes, position - length, position);
    }

    String readString() throws ProtocolException {
        int length = skipBytes();
        return new String(bytes, position - length, length, StandardCharsets.UTF_8);
    }

    /** Skips a string or bytes value; returns its length in bytes. */
    int skipBytes() throws ProtocolException {
        long length = readLong();
        skip(length);
        return (int) length;
    }

    /** Skips a map whose values are strings or bytes. */
    void skipMap() throws ProtocolException {
        for (long count = readBlockCount(); count != 0; count = readBlockCount()) {
            for (; count > 0; count--) {
                skipBytes();
                skipBytes();
            }
        }
    }

    /**
     * Reads the number of items in the next block of an array or a map; 0 at its end. On the wire a
     * negative count is followed by the block's size in bytes, which is not needed here.
     */
    long readBlockCount() throws ProtocolException {
        long count = readLong();
        if (count < 0) {
            readLong();
            count = -count;
        }
        if (count < 0 || count > remaining()) {
            throw new ProtocolException(
                    "block of " + count + " items in the last " + remaining() + " bytes");
        }
        return count;
    }

    /** Reads one record {@code headers map<string>, body bytes}. */
    EncodedEvents readEvent() throws ProtocolException {
        int start = position;
        skipEvent();
        return new EncodedEvents(List.of(copySince(start)), 1);
    }

    /** Reads an array of at most {@link #BATCH_EVENTS_MAX} events. */
    EncodedEvents readEvents() throws ProtocolException {
        List<byte[]> chunks = new ArrayList<>();
        long events = 0;
        for (long count = readBlockCount(); count != 0; count = readBlockCount()) {
            events += count;
            if (events > BATCH_EVENTS_MAX) {
                throw new ProtocolException(String.format(
                        "batch of at least %,d events, the limit is %,d",
                        events, BATCH_EVENTS_MAX));
            }
            int start = position;
            for (; count > 0; count--) {
                skipEvent();
                if (position - start >= EncodedEvents.CHUNK_BYTES) {
                    chunks.add(copySince(start));
                    start = position;
                }
            }
            if (position > start) {
                chunks.add(copySince(start));
            }
        }
        return new EncodedEvents(chunks, (int) events);
    }

    private void skipEvent() throws ProtocolException {
        skipMap();
        skipBytes();
    }

    byte[] copySince(int start) {
        return Arrays.copyOfRange(bytes, start, position);
    }

    private void skip(long length) throws ProtocolException {
        if (length < 0 || length > remaining()) {
            throw new ProtocolException(
                    "length of " + length + " bytes with " + remaining() + " left, at byte "
                            + position);
        }
        position += (int) length;
    }
}
