package io.pysparkflume.flume;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.util.Arrays;

/** The bytes of a log between the last read line and what fits; all logs share one. */
final class LineBuffer {
    private static final int BYTES = 256 << 10; // 1000 lines of an access log

    private final int bytesMax;
    private final byte[] again = new byte[LogPosition.HEAD_SURE];
    private byte[] bytes;
    private int limit;

    /**
     * Makes a buffer.
     *
     * @param lineMax the most bytes of a line in one event
     */
    LineBuffer(int lineMax) {
        bytesMax = Math.max(LogPosition.TAIL_MAX + lineMax + 1, LogPosition.HEAD_MAX);
        bytes = new byte[Math.min(BYTES, bytesMax)];
    }

    byte[] bytes() {
        return bytes;
    }

    /** The bytes at [0, limit) are the log's. */
    int limit() {
        return limit;
    }

    /**
     * Reads from this position on: as many bytes as fit, or up to {@code end}.
     *
     * @return false if the file was truncated meanwhile; then the bytes are of old and new content
     */
    boolean fill(FileChannel file, long position, long end) throws IOException {
        limit = 0;
        return readMore(file, position, end);
    }

    /** Reads what follows the bytes that it has; otherwise as {@code fill}. */
    boolean readMore(FileChannel file, long position, long end) throws IOException {
        long wanted = Math.min(bytes.length, Math.max(limit, end - position));
        limit += read(file, position + limit, bytes, limit, (int) wanted);
        return isStillIn(file, position);
    }

    /** Whether the file still has its first bytes at this position: it was not truncated before. */
    boolean isStillIn(FileChannel file, long position) throws IOException {
        int length = Math.min(limit, again.length);
        return read(file, position, again, 0, length) == length
                && Arrays.equals(again, 0, length, bytes, 0, length);
    }

    private static int read(FileChannel file, long position, byte[] bytes, int from, int to)
            throws IOException {
        ByteBuffer target = ByteBuffer.wrap(bytes, from, to - from);
        while (target.hasRemaining()) {
            if (file.read(target, position + target.position() - from) < 0) {
                break;
            }
        }
        return target.position() - from;
    }

    /** Makes room for what follows; false if the longest line fits already. */
    boolean enlarge() {
        if (bytes.length >= bytesMax) {
            return false;
        }
        bytes = Arrays.copyOf(bytes, (int) Math.min(bytesMax, 2L * bytes.length));
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
