package io.pysparkflume.flume;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Decides whether a file that has just appeared is the copy of a log, as copytruncate makes it.
 *
 * <p>The copy has the log's content up to the truncation, so it continues that log: with the log's
 * identity, from where the log had been read to. While the log still has its content, a copy waits,
 * because the log is read itself.
 */
final class LogCopy {
    /** It is as yet equal to the beginning of a log that is still there. */
    static final LogPosition WAIT = LogPosition.first("", "", 1, "");

    private static final Logger LOG = LoggerFactory.getLogger(LogCopy.class);

    private final LogReading reading;
    private final FileChannel channel;
    private final long size;
    private final Path path;
    private final Map<Integer, Long> headSums = new HashMap<>();

    LogCopy(LogReading reading, FileChannel channel, long size, Path path) {
        this.reading = reading;
        this.channel = channel;
        this.size = size;
        this.path = path;
    }

    /** The log of which it is the copy; null if it is a log of its own; or WAIT. */
    LogPosition original(String file, String fingerprint) throws IOException {
        for (LogPosition each : reading.positions().all()) {
            // A new log appears where the last one was; a copy has another path.
            boolean isPossible = each.fingerprint().equals(fingerprint) && each.isRecognisable()
                    && !each.file().equals(file) && !each.path().equals(path.toString())
                    && hasHeadOf(each);
            if (!isPossible) {
                continue;
            }
            FollowedLog log = reading.logs().get(each.file());
            if (log == null) {
                if (continues(each)) {
                    return each;
                }
            } else if (log.path().toString().equals(each.path())) { // it was not renamed
                Compared compared = compare(log, each);
                if (compared == Compared.EQUAL) {
                    return WAIT;
                }
                if (compared == Compared.SHORTER
                        || compared == Compared.TRUNCATED && continues(each)) {
                    return each;
                }
            }
        }
        return null;
    }

    /** Where the copy has to be read on. */
    LogPosition position(LogPosition original, String file) throws IOException {
        LOG.info("{} continues {}: one is a copy of the other; reading its rest",
                path, original.path());
        LogPosition moved = original.in(file, path.toString());
        if (size >= original.offset()) {
            return moved;
        }
        int tail = original.tailBytes();
        return moved.to(size, tail, LogReading.sum(channel, size - tail, tail));
    }

    /** What the other log has. */
    private enum Compared {
        /** The content of this one. */
        EQUAL,
        /** The beginning of it. */
        SHORTER,
        /** Other content. */
        DIFFERENT,
        /** Other content, since it was truncated. */
        TRUNCATED
    }

    private Compared compare(FollowedLog log, LogPosition position) throws IOException {
        if (!isThere(log)) {
            return Compared.EQUAL; // renamed or deleted a moment ago; the next scan tells
        }
        try (FileChannel original = reading.open(log.path())) {
            long end = original.size();
            boolean isEqual = end >= size && hasSameBytesBefore(size, original);
            boolean isShorter =
                    end < size && end >= LogPosition.HEAD_SURE && hasSameBytesBefore(end, original);
            // This comes last: it shows that it was not truncated while it was compared.
            if (!isAt(position, original, original.size())
                    || LogReading.sum(original, 0, position.headBytes()) != position.headSum()) {
                return Compared.TRUNCATED;
            }
            if (isShorter && position.headBytes() >= LogPosition.HEAD_SURE) {
                return Compared.SHORTER;
            }
            return isEqual ? Compared.EQUAL : Compared.DIFFERENT;
        }
    }

    private boolean hasSameBytesBefore(long end, FileChannel original) throws IOException {
        int length = (int) Math.min(LogPosition.HEAD_SURE, end);
        return LogReading.sum(original, end - length, length)
                == LogReading.sum(channel, end - length, length);
    }

    private boolean isThere(FollowedLog log) throws IOException {
        try {
            return reading.fileOf(log.path()).equals(log.file());
        } catch (NoSuchFileException e) {
            return false;
        }
    }

    private boolean hasHeadOf(LogPosition log) {
        LineBuffer buffer = reading.buffer();
        return log.headBytes() <= buffer.limit()
                && headSums.computeIfAbsent(
                        log.headBytes(), length -> LogPosition.sum(buffer.bytes(), 0, length))
                        == log.headSum();
    }

    /** Whether it has the content that was read, or is surely the first part of it. */
    private boolean continues(LogPosition log) throws IOException {
        return size < log.offset() ? log.headBytes() >= LogPosition.HEAD_SURE : isAt(log, channel, size);
    }

    private static boolean isAt(LogPosition log, FileChannel file, long size) throws IOException {
        long start = log.offset() - log.tailBytes();
        return size >= log.offset() && LogReading.sum(file, start, log.tailBytes()) == log.tailSum();
    }
}
