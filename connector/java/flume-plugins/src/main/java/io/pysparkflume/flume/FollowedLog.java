package io.pysparkflume.flume;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One log: where it is, how far it has been read, and the file if it is open. */
final class FollowedLog {
    private static final Logger LOG = LoggerFactory.getLogger(FollowedLog.class);
    private static final long UNKNOWN = -1;

    private final String file;
    private final LogReading reading;

    private LogGroup group;
    private Path path;
    private FileChannel channel;

    /** The channel has all before it; null until the log's first line is whole. */
    private LogPosition committed;

    /** All before it is read; what is after {@code committed} is on its way to the channel. */
    private LogPosition position;

    /** The file's size and time when no further line could be read; the size is of the channel. */
    private long seenSize = UNKNOWN;

    private long seenMillis = UNKNOWN;
    private long readNanos = System.nanoTime(); // when its last line was read
    private boolean gone;
    private boolean isEnded;
    private boolean isUnnamed; // what it is may depend on another log, so look again

    FollowedLog(String file, LogReading reading) {
        this.file = file;
        this.reading = reading;
        position = committed = reading.positions().of(file);
    }

    /** The device and inode, {@code DEVICE-INODE}. */
    String file() {
        return file;
    }

    Path path() {
        return path;
    }

    /** A scan found it here; returns whether it may have lines that were not read. */
    boolean foundAt(LogGroup group, Path path, long size, long millis) {
        if (this.path != null && !path.equals(this.path)) {
            LOG.info("{} was renamed to {}; following it there", this.path, path.getFileName());
        }
        this.group = group;
        this.path = path;
        gone = isEnded = false;
        boolean changed = size != seenSize || millis != seenMillis || isUnnamed;
        if (changed) {
            seenSize = UNKNOWN; // with the same size it may be other content
            seenMillis = millis;
        }
        return changed;
    }

    /** No folder has it any more: it was deleted or moved; what is open can still be read. */
    void isGone() {
        gone = true;
    }

    boolean wasFound() {
        return !gone;
    }

    boolean isOpen() {
        return channel != null;
    }

    void open() throws IOException {
        channel = reading.open(path);
        if (!reading.fileOf(path).equals(file)) { // renamed since the scan
            close();
            throw new IOException("it was renamed a moment ago");
        }
    }

    void close() throws IOException {
        if (channel != null) {
            channel.close();
            channel = null;
        }
    }

    boolean hasGrown() throws IOException {
        return channel.size() != seenSize;
    }

    /** Whether all that was there has been read, and nothing has come for so long. */
    boolean isQuiet(long nanos) {
        return seenSize != UNKNOWN && System.nanoTime() - readNanos > nanos;
    }

    /** Whether the file ends with a line that has no newline yet. */
    boolean hasRest() {
        return seenSize > (position == null ? 0 : position.offset());
    }

    /** The channel has all before this position. */
    void commit(LogPosition reached) {
        reading.positions().noteReached(reached);
        committed = reading.positions().of(file); // of other content, if it was truncated since
    }

    /** The channel did not take what was read; it has to be read again. */
    void rollback() {
        position = committed;
        seenSize = UNKNOWN;
    }

    /** What was seen last does not count. */
    void lookAgain() {
        seenSize = UNKNOWN;
    }

    /** The last line is whole, even without a newline: nobody will write its end. */
    void end() {
        isEnded = true;
        lookAgain();
    }

    /**
     * Adds the next lines to a batch.
     *
     * @return whether the log may have further lines now
     */
    boolean read(LogBatch batch) throws IOException {
        LineBuffer buffer = reading.buffer();
        long size = channel.size();
        if (!buffer.fill(channel, start(), size)) {
            return true; // it was truncated a moment ago
        }
        if (position != null && !position.isAfter(buffer)) {
            beginAnew(size);
            return true;
        }
        if (position == null || position.offset() == 0) {
            position = reading.identify(file, channel, size, isEnded, path);
            isUnnamed = position == null;
            if (isUnnamed) {
                return waitBeyond(size);
            }
            if (position.offset() > 0) {
                return true; // it continues another log
            }
        }
        Lines lines = new Lines(batch, size);
        while (!lines.cut() && buffer.limit() < size - start() && buffer.enlarge()) {
            if (!buffer.readMore(channel, start(), size)) {
                return true;
            }
        }
        if (lines.end > position.offset()) {
            readNanos = System.nanoTime();
            position = withHead(lines.position());
            batch.reached(this, position);
        }
        return lines.mayHaveMore || waitBeyond(size);
    }

    private LogPosition withHead(LogPosition reached) {
        int due = LogPosition.headBytes(reached.offset());
        if (due <= reached.headBytes()) {
            return reached;
        }
        try {
            LogPosition next = reached.withHead(due, LogReading.sum(channel, 0, due));
            boolean isItsOwn = reading.buffer().isStillIn(channel, start());
            return isItsOwn ? next : reached;
        } catch (IOException e) { // its lines are in the batch already
            LOG.warn("{}: its beginning cannot be read ({}); a copy of it would not be recognised",
                    path, e.toString());
            return reached;
        }
    }

    private boolean waitBeyond(long size) {
        seenSize = size;
        return false;
    }

    /** The bytes before the position are read, too: they show whether it is the same file. */
    private long start() {
        return position == null ? 0 : position.offset() - position.tailBytes();
    }

    private void beginAnew(long size) {
        LOG.warn("{} had been read to byte {} and now has {} bytes of other content; reading it"
                + " from its beginning. What was written between a copy and a truncation is lost;"
                + " let the rotation rename the log and create a new one",
                path, position.offset(), size);
        position = null;
    }

    /** The lines that one call of read finds. */
    private final class Lines {
        private final LineBuffer buffer = reading.buffer();
        private final LogBatch batch;
        private final long size;
        private final Map<String, String> headers;
        private int next; // in the buffer
        private long end = position.offset();
        private boolean mayHaveMore;

        Lines(LogBatch batch, long size) {
            this.batch = batch;
            this.size = size;
            headers = batch.headersOf(position, group, path);
        }

        /** Cuts the buffer into lines; false if it does not have a whole one. */
        boolean cut() {
            next = position.tailBytes();
            while (!batch.isFull()) {
                int bodyEnd = buffer.newline(next, Math.min(buffer.limit(), next + reading.lineMax()));
                boolean newline = bodyEnd < buffer.limit() && bodyEnd - next < reading.lineMax();
                boolean isEnd = start() + buffer.limit() >= size;
                if (!newline && bodyEnd - next < reading.lineMax()) {
                    if (!(isEnded && isEnd && bodyEnd > next)) {
                        mayHaveMore = !isEnd;
                        return end > position.offset();
                    }
                }
                if (!newline && bodyEnd - next == reading.lineMax()) {
                    LOG.warn("{}: the line at byte {} has {} bytes or more and becomes several"
                            + " events; raise maxLineLength", path, end, reading.lineMax());
                }
                byte[] body = Arrays.copyOfRange(buffer.bytes(), next, bodyEnd);
                int after = newline ? bodyEnd + 1 : bodyEnd;
                batch.add(body, headers, end, end + after - next);
                end += after - next;
                next = after;
            }
            mayHaveMore = true;
            return true;
        }

        LogPosition position() {
            return position.at(end, buffer.bytes(), 0, next, path.toString());
        }
    }
}
