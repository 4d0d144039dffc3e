package io.pysparkflume.flume;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Map;

/**
 * What the logs of a source share: positions, buffer, and how a log is identified.
 *
 * @param lineMax the most bytes of a line in one event
 * @param fingerprintLines so many lines make the fingerprint
 * @param withDevice whether the device's number is part of the identity
 */
record LogReading(
        LogPositions positions,
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

    /**
     * The beginning of a log, with its identity; null if its first line is not whole yet.
     *
     * <p>An inode that had another log with the same first line makes a further generation. That is
     * on disk before its first line is sent: otherwise a kill could give its identity to the next.
     *
     * @param whole nobody will write the rest of the last line
     */
    LogPosition identify(String file, FileChannel channel, long size, boolean whole, Path path)
            throws IOException {
        String fingerprint = fingerprint(channel, size, whole);
        if (fingerprint == null) {
            return null;
        }
        LogPosition before = positions.of(file);
        boolean isSame = before != null && before.fingerprint().equals(fingerprint);
        if (isSame && before.offset() == 0) {
            return before;
        }
        int generation = isSame ? before.generation() + 1 : 1;
        LogPosition first = LogPosition.first(file, fingerprint, generation, path.toString());
        positions.put(first);
        if (isSame) {
            positions.save();
        }
        return first;
    }

    private String fingerprint(FileChannel channel, long size, boolean whole) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate((int) Math.min(FINGERPRINT_MAX, size));
        while (bytes.hasRemaining()) {
            if (channel.read(bytes, bytes.position()) < 0) {
                break;
            }
        }
        int at = 0;
        int lines = 0;
        while (at < bytes.position() && lines < fingerprintLines) {
            if (bytes.get(at++) == '\n') {
                lines++;
            }
        }
        if (lines < fingerprintLines && at < FINGERPRINT_MAX && !(whole && at > 0)) {
            return null;
        }
        return HexFormat.of().formatHex(sha256(bytes.array(), at), 0, 8);
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
