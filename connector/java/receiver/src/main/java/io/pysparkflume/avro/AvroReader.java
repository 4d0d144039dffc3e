package io.pysparkflume.avro;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Reads Avro's binary encoding in a part of an array. Nothing outside of the part is touched.
 *
 * <p>Every length is checked against the remaining bytes before anything is allocated.
 *
 * @see <a href="https://avro.apache.org/docs/1.12.0/specification/#binary-encoding">Avro: binary
 *     encoding</a>
 */
public final class AvroReader {
    private final byte[] bytes;
    private final int end;
    private int position;

    public AvroReader(byte[] bytes) {
        this(bytes, 0, bytes.length);
    }

    /** Reads the bytes {@code start} to {@code end} - 1 of an array. */
    public AvroReader(byte[] bytes, int start, int end) {
        this.bytes = bytes;
        this.position = start;
        this.end = end;
    }

    /** Returns the place in the array of the next byte. */
    public int position() {
        return position;
    }

    public int remaining() {
        return end - position;
    }

    /** Reads a zig-zag variable-length integer of at most 64 bits. */
    public long readLong() throws CorruptException {
        long value = 0;
        for (int shift = 0; shift < 63; shift += 7) {
            byte next = readByte();
            value |= (next & 0x7fL) << shift;
            if (next >= 0) {
                return signed(value);
            }
        }
        byte last = readByte(); // the first nine have seven bits each, so one is left
        if (last < 0 || last > 1) {
            throw new CorruptException("number of more than 64 bits");
        }
        return signed(value | (long) last << 63);
    }

    public byte[] readFixed(int length) throws CorruptException {
        skip(length);
        return copySince(position - length);
    }

    public String readString() throws CorruptException {
        int length = skipBytes();
        return new String(bytes, position - length, length, StandardCharsets.UTF_8);
    }

    /** Skips a string or bytes value; returns its length in bytes. */
    public int skipBytes() throws CorruptException {
        long length = readLong();
        skip(length);
        return (int) length;
    }

    /** Skips a map whose values are strings or bytes. */
    public void skipMap() throws CorruptException {
        if (position < end && bytes[position] == 0) { // most events have no headers
            position++;
            return;
        }
        for (long count = readBlockCount(); count != 0; count = readBlockCount()) {
            for (; count > 0; count--) {
                skipBytes();
                skipBytes();
            }
        }
    }

    /**
     * Reads the number of items in the next block of an array or a map; 0 at its end. In the bytes
     * a negative count is followed by the block's size in bytes, which is not needed here.
     */
    public long readBlockCount() throws CorruptException {
        long count = readLong();
        if (count < 0) {
            readLong();
            count = -count;
        }
        if (count < 0 || count > remaining()) {
            throw new CorruptException(
                    "block of " + count + " items in the last " + remaining() + " bytes");
        }
        return count;
    }

    /** Returns the bytes from a place in the array to the reader's. */
    public byte[] copySince(int start) {
        return Arrays.copyOfRange(bytes, start, position);
    }

    private byte readByte() throws CorruptException {
        if (position == end) {
            throw new CorruptException("a number without an end");
        }
        return bytes[position++];
    }

    private static long signed(long zigzag) {
        return (zigzag >>> 1) ^ -(zigzag & 1);
    }

    private void skip(long length) throws CorruptException {
        if (length < 0 || length > remaining()) {
            throw new CorruptException(
                    "length of " + length + " bytes with " + remaining() + " left");
        }
        position += (int) length;
    }
}
