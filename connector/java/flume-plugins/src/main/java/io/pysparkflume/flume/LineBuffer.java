package io.pysparkflume.flume;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;

/** The bytes of a log between the last read line and what fits; all logs share one. */
final class LineBuffer {
    private static final int BYTES = 256 << 10; // 1000 lines of an access log

    private final int bytesMax;
    private byte[] bytes;
    private int limit;

    /**
     * Makes a buffer.
     *
     * @param lineMax the most bytes of a line in one event
     */
    LineBuffer(int lineMax) {
        bytesMax = LogPosition.TAIL_MAX + lineMax + 1;
        bytes = new byte[Math.min(BYTES, bytesMax)];
    }

    byte[] bytes() {
        return bytes;
    }

    /** The bytes at [0, limit) are the log's. */
    int limit() {
        return limit;
    }

    /** Reads from this position on: as many bytes as fit, or up to {@code end}. */
    void fill(FileChannel file, long position, long end) throws IOException {
        ByteBuffer target =
                ByteBuffer.wrap(bytes, 0, (int) Math.min(bytes.length, Math.max(0, end - position)));
        while (target.hasRemaining()) {
            if (file.read(target, position + target.position()) < 0) {
                break;
            }
        }
        limit = target.position();
    }

    /** Makes room for a longer line; false if the longest fits already. */
    boolean enlarge() {
        if (bytes.length >= bytesMax) {
            return false;
        }
        bytes = new byte[(int) Math.min(bytesMax, 2L * bytes.length)];
        return true;
    }

    /** The index of the next newline in [from, to); {@code to} if there is none. */
    int newline(int from, int to) {
        int at = from;
        while (at < to && bytes[at] != '\n') {
            at++;
        }
        return at;
    }
}
