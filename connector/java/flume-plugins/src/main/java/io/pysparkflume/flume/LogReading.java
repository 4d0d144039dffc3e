package io.pysparkflume.flume;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Map;
import java.util.function.UnaryOperator;

/**
 * What the logs of a source share: positions, buffer, and how a log is identified.
 *
 * @param logs those that are there or open, by device and inode
 * @param fileWrapper what each file is read through; the file itself, but for tests
 * @param lineMax the most bytes of a line in one event
 * @param fingerprintLines so many lines make the fingerprint
 * @param withDevice whether the device's number is part of the identity
 */
record LogReading(
        LogPositions positions,
        Map<String, FollowedLog> logs,
        UnaryOperator<FileChannel> fileWrapper,
        LineBuffer buffer,
        int lineMax,
        int fingerprintLines,
        boolean withDevice) {
    /** The most bytes that make the fingerprint: a first line may be very long. */
    private static final int FINGERPRINT_MAX = 4096;

    /** The device and inode of a file, {@code DEVICE-INODE}. */
    String fileOf(Path path) throws IOException {
        Map<String, Object> found = Files.readAttributes(path, "unix:dev,ino");
        return (withDevice ? found.get("dev") + "-" : "") + found.get("ino");
    }

    FileChannel open(Path path) throws IOException {
        return fileWrapper.apply(FileChannel.open(path, StandardOpenOption.READ));
    }

    /**
     * The beginning of a log, with its identity; null if it cannot be told yet.
     *
     * <p>All of it is made from the bytes in the buffer, as the lines are. So it belongs to these
     * lines even if the log is truncated at this moment.
     *
     * <p>An inode that had another log with the same first line makes a further generation; a copy
     * of a truncated log continues that log. Where a log begins is on disk before a line of it is
     * sent: otherwise, after a kill, another log could get its identity, or its copy another one.
     *
     * @param whole nobody will write the rest of the last line
     */
    LogPosition identify(String file, FileChannel channel, long size, boolean whole, Path path)
            throws IOException {
        String fingerprint = fingerprint(whole);
        if (fingerprint == null) {
            return null;
        }
        LogPosition before = positions.of(file);
        boolean isSame = before != null && before.fingerprint().equals(fingerprint);
        if (isSame && before.offset() == 0 && !before.isContinued() && before.hasHead(buffer)) {
            return begin(before, null, null); // nothing of it is known to be sent
        }
        LogCopy copy = new LogCopy(this, channel, size, path);
        LogPosition original = copy.original(file, fingerprint);
        if (original == LogCopy.WAIT) {
            return null;
        }
        if (original != null) {
            return begin(copy.position(original, file), before, original);
        }
        int generation = isSame ? before.generation() + 1 : 1;
        LogPosition first = LogPosition.first(file, fingerprint, generation, path.toString());
        while (before != null && positions.hasIdentity(first.identity())) {
            first = LogPosition.first(file, fingerprint, ++generation, path.toString());
        }
        int head = LogPosition.headBytes(buffer.limit());
        return begin(first.withHead(head, LogPosition.sum(buffer.bytes(), 0, head)), before, null);
    }

    /**
     * Notes where a log begins.
     *
     * @param before the file's former content; a copy of it may still turn up
     * @param original the log that this one continues
     */
    private LogPosition begin(LogPosition position, LogPosition before, LogPosition original)
            throws IOException {
        if (original != null) {
            // It stays, so that its file's next content is told from it.
            positions.put(original.markedContinued());
        }
        if (before != null && before != position && !before.isContinued()) {
            positions.put(before.ended());
        }
        positions.begin(position);
        if (original != null || before != null || position.generation() > 1) {
            positions.save();
        }
        return position;
    }

    /** The CRC-32 of so many bytes of a file; -1 if it does not have them. */
    static long sum(FileChannel file, long position, int length) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(length);
        while (bytes.hasRemaining()) {
            if (file.read(bytes, position + bytes.position()) < 0) {
                return -1;
            }
        }
        return LogPosition.sum(bytes.array(), 0, length);
    }

    private String fingerprint(boolean whole) {
        int end = Math.min(FINGERPRINT_MAX, buffer.limit());
        int at = 0;
        int lines = 0;
        while (at < end && lines < fingerprintLines) {
            if (buffer.bytes()[at++] == '\n') {
                lines++;
            }
        }
        if (lines < fingerprintLines && at < FINGERPRINT_MAX && !(whole && at > 0)) {
            return null;
        }
        return HexFormat.of().formatHex(sha256(buffer.bytes(), at), 0, 8);
    }

    private static byte[] sha256(byte[] bytes, int length) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            digest.update(bytes, 0, length);
            return digest.digest();
        } catch (NoSuchAlgorithmException e) { // each JVM has it
            throw new UncheckedIOException(new IOException(e));
        }
    }
}
