package io.pysparkflume.landing;

/**
 * Reads Avro's lengths and maps in a part of an array. Nothing outside of the part is touched.
 *
 * @see <a href="https://avro.apache.org/docs/1.12.0/specification/#binary-encoding">Avro: binary
 *     encoding</a>
 */
final class AvroCursor {
    private static final int VARINT_BYTES_MAX = 10;

    private final byte[] data;
    private final int end;
    private int position;

    AvroCursor(byte[] data, int start, int end) {
        this.data = data;
        this.position = start;
        this.end = end;
    }

    int position() {
        return position;
    }

    int left() {
        return end - position;
    }

    /** Skips the text or bytes value whose length comes next; returns its length. */
    int skip() throws CorruptException {
        int length = readLength();
        position += length;
        return length;
    }

    /** Skips a map of texts. */
    void skipMap() throws CorruptException {
        if (position < end && data[position] == 0) { // most events have no headers
            position++;
            return;
        }
        for (long items = readBlockCount(); items != 0; items = readBlockCount()) {
            for (; items > 0; items--) {
                skip();
                skip();
            }
        }
    }

    /** Reads the number of items in the next block of a map; 0 at its end. */
    long readBlockCount() throws CorruptException {
        long items = readLong();
        if (items < 0) { // the block's size in bytes follows, which is not needed
            readLong();
            items = -items;
        }
        if (items < 0 || items > left()) {
            throw new CorruptException(items + " headers in " + left() + " bytes");
        }
        return items;
    }

    /** Reads a zig-zag variable-length integer. */
    long readLong() throws CorruptException {
        long value = 0;
        for (int i = 0; i < VARINT_BYTES_MAX && position < end; i++) {
            byte next = data[position++];
            value |= (next & 0x7fL) << (7 * i);
            if (next >= 0) {
                return (value >>> 1) ^ -(value & 1);
            }
        }
        throw new CorruptException("a number without an end");
    }

    private int readLength() throws CorruptException {
        long length = readLong();
        if (length < 0 || length > left()) {
            throw new CorruptException("length of " + length + " bytes with " + left() + " left");
        }
        return (int) length;
    }

    /** Bytes that are not what was announced. */
    static final class CorruptException extends Exception {
        private static final long serialVersionUID = 1L;

        CorruptException(String fact) {
            super(fact);
        }
    }
}
