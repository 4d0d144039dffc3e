package io.pysparkflume.flume;

import com.google.gson.JsonObject;
import java.util.zip.CRC32;

/**
 * How far a log has been read, and by what its content is recognised.
 *
 * @param file the device and inode of the file, {@code DEVICE-INODE}
 * @param fingerprint 16 hexadecimal digits made of the log's first bytes
 * @param generation 1; 2 and more if the same inode has had another log with the same first bytes
 * @param identity what the header {@code file} has after the origin
 * @param offset the bytes that have been read
 * @param tailBytes how many bytes before {@code offset} make the checksum; at most {@code TAIL_MAX}
 * @param tailSum their CRC-32
 * @param headBytes how many of the log's first bytes make a checksum; a power of two
 * @param headSum their CRC-32
 * @param path where the log was when it was last read
 */
record LogPosition(
        String file,
        String fingerprint,
        int generation,
        String identity,
        long offset,
        int tailBytes,
        long tailSum,
        int headBytes,
        long headSum,
        String path) {
    /** So many bytes before the position show whether the file still has the content it had. */
    static final int TAIL_MAX = 256;

    /** So many bytes at the beginning show whether another file is a copy. */
    static final int HEAD_MAX = 16 << 10;

    /** Equal heads of this size are no accident, such as the same header line. */
    static final int HEAD_SURE = 4 << 10;

    /** The beginning of a log. */
    static LogPosition first(String file, String fingerprint, int generation, String path) {
        String identity = file + "-" + fingerprint + (generation > 1 ? "-" + generation : "");
        return new LogPosition(file, fingerprint, generation, identity, 0, 0, 0, 0, 0, path);
    }

    /**
     * The position at the end of what was read.
     *
     * @param bytes has the bytes before the position at [from, to); what precedes {@code from} is
     *     not there
     */
    LogPosition at(long offset, byte[] bytes, int from, int to, String path) {
        int length = Math.min(TAIL_MAX, to - from);
        long sum = sum(bytes, to - length, length);
        return in(file, path).to(offset, length, sum);
    }

    LogPosition to(long offset, int tailBytes, long tailSum) {
        return new LogPosition(
                file, fingerprint, generation, identity, offset, tailBytes, tailSum, headBytes,
                headSum, path);
    }

    /** How many bytes the head of so much content has. */
    static int headBytes(long size) {
        return Integer.highestOneBit((int) Math.min(size, HEAD_MAX));
    }

    /** Whether a copy of it would be recognised. */
    boolean isRecognisable() {
        return !isContinued() && (offset > 0 || headBytes >= HEAD_SURE);
    }

    /** Whether a copy continues it, in another file. */
    boolean isContinued() {
        return headBytes == 0;
    }

    /** The same, when a copy continues it: a log has one copy only. */
    LogPosition markedContinued() {
        return withHead(0, 0);
    }

    /** Whether a buffer, which has the beginning of a file, has the head of this log. */
    boolean hasHead(LineBuffer buffer) {
        return buffer.limit() >= headBytes && sum(buffer.bytes(), 0, headBytes) == headSum;
    }

    LogPosition withHead(int bytes, long sum) {
        return new LogPosition(
                file, fingerprint, generation, identity, offset, tailBytes, tailSum, bytes, sum,
                path);
    }

    /** The position of a log that has ended: its file has other content now. */
    LogPosition ended() {
        return in(file + " before " + identity, path);
    }

    /** The same content, in another file. */
    LogPosition in(String file, String path) {
        return new LogPosition(
                file, fingerprint, generation, identity, offset, tailBytes, tailSum, headBytes,
                headSum, path);
    }

    /** Whether a buffer begins with the bytes that precede the position. */
    boolean isAfter(LineBuffer buffer) {
        return buffer.limit() >= tailBytes && sum(buffer.bytes(), 0, tailBytes) == tailSum;
    }

    static LogPosition of(JsonObject json) {
        return new LogPosition(
                json.get("file").getAsString(),
                json.get("fingerprint").getAsString(),
                json.get("generation").getAsInt(),
                json.get("identity").getAsString(),
                json.get("offset").getAsLong(),
                json.get("tailBytes").getAsInt(),
                json.get("tailSum").getAsLong(),
                json.get("headBytes").getAsInt(),
                json.get("headSum").getAsLong(),
                json.get("path").getAsString());
    }

    JsonObject json() {
        JsonObject json = new JsonObject();
        json.addProperty("path", path);
        json.addProperty("offset", offset);
        json.addProperty("identity", identity);
        json.addProperty("file", file);
        json.addProperty("fingerprint", fingerprint);
        json.addProperty("generation", generation);
        json.addProperty("tailBytes", tailBytes);
        json.addProperty("tailSum", tailSum);
        json.addProperty("headBytes", headBytes);
        json.addProperty("headSum", headSum);
        return json;
    }

    static long sum(byte[] bytes, int from, int length) {
        CRC32 sum = new CRC32();
        sum.update(bytes, from, length);
        return sum.getValue();
    }
}
