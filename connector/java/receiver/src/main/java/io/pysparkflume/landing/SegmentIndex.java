package io.pysparkflume.landing;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.util.zip.CRC32;

/**
 * The index of a segment: where each block is, when it arrived, and its checksum.
 *
 * <p>{@code pyspark_flume.landing.index} describes its bytes. Entry 0 is for the segment's header,
 * as a block without events; each other entry is for a block.
 */
final class SegmentIndex {
    private static final int ENTRY_BYTES = 36;
    private static final int CHECKED_BYTES = 32;

    private final ByteBuffer bytes;
    private final int count;

    private SegmentIndex(byte[] bytes) {
        this.bytes = ByteBuffer.wrap(bytes);
        int valid = 0;
        while ((valid + 1) * ENTRY_BYTES <= bytes.length && isValid(bytes, valid)) {
            valid++;
        }
        count = valid;
    }

    /** Reads the index of a segment; one that does not exist has no entries. */
    static SegmentIndex of(Segment segment) throws IOException {
        try {
            return new SegmentIndex(Files.readAllBytes(segment.index()));
        } catch (NoSuchFileException error) {
            return new SegmentIndex(new byte[0]);
        }
    }

    /** The number of entries up to the first one that is invalid. */
    int count() {
        return count;
    }

    /** The number of the event after the entry's last one. */
    long end(int entry) {
        return bytes.getLong(entry * ENTRY_BYTES);
    }

    /** The byte at which the block begins. */
    long position(int entry) {
        return bytes.getLong(entry * ENTRY_BYTES + 8);
    }

    /** When the block arrived, in ms since 1970. */
    long arrival(int entry) {
        return bytes.getLong(entry * ENTRY_BYTES + 16);
    }

    /** The block's bytes. */
    int length(int entry) {
        return bytes.getInt(entry * ENTRY_BYTES + 24);
    }

    /** The block's CRC-32. */
    int crc(int entry) {
        return bytes.getInt(entry * ENTRY_BYTES + 28);
    }

    /** Returns the entry of the block with an event; {@code count()} if there is none. */
    int entryWith(long event) {
        int low = 1;
        int high = Math.max(1, count);
        while (low < high) {
            int middle = (low + high) >>> 1;
            if (end(middle) > event) {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        return low;
    }

    private static boolean isValid(byte[] bytes, int entry) {
        CRC32 crc = new CRC32();
        crc.update(bytes, entry * ENTRY_BYTES, CHECKED_BYTES);
        int stored = ByteBuffer.wrap(bytes).getInt(entry * ENTRY_BYTES + CHECKED_BYTES);
        return (int) crc.getValue() == stored;
    }
}
