package io.pysparkflume.landing;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.zip.CRC32;

/** Writes a landing log byte by byte, as {@code pyspark_flume.landing} describes it. */
final class LogFiles {
    static final byte[] SYNC = HexFormat.of().parseHex("00112233445566778899aabbccddeeff");
    private static final byte[] HEADER = new byte[50];

    private final Path folder;
    private final ByteArrayOutputStream segment = new ByteArrayOutputStream();
    private final ByteArrayOutputStream index = new ByteArrayOutputStream();
    private long events;
    private String name;

    LogFiles(Path folder) throws IOException {
        this.folder = folder;
        Files.writeString(folder.resolve("landing.json"), "{}");
        roll();
    }

    /** Begins the next segment. */
    void roll() throws IOException {
        name = String.format("%020d", events);
        segment.reset();
        index.reset();
        append(HEADER, 0);
    }

    /** Adds a block of events without headers. */
    void block(long arrival, String... bodies) throws IOException {
        byte[][] items = Arrays.stream(bodies).map(LogFiles::event).toArray(byte[][]::new);
        block(arrival, bodies.length, items);
    }

    /** Adds a block that says how many events its bytes are. */
    void block(long arrival, int count, byte[]... items) throws IOException {
        ByteArrayOutputStream block = new ByteArrayOutputStream();
        byte[] joined = join(items);
        block.writeBytes(number(count));
        block.writeBytes(number(joined.length));
        block.writeBytes(joined);
        block.writeBytes(SYNC);
        raw(arrival, count, block.toByteArray());
    }

    /** Adds any bytes, for which the index is right. */
    void raw(long arrival, int count, byte[] block) throws IOException {
        events += count;
        append(block, arrival);
    }

    Path segmentFile() {
        return folder.resolve(name + ".avro");
    }

    Path indexFile() {
        return folder.resolve(name + ".index");
    }

    private void append(byte[] block, long arrival) throws IOException {
        ByteBuffer entry = ByteBuffer.allocate(36);
        entry.putLong(events).putLong(segment.size()).putLong(arrival);
        entry.putInt(block.length).putInt(crc(block, block.length));
        entry.putInt(crc(entry.array(), 32));
        segment.writeBytes(block);
        index.writeBytes(entry.array());
        Files.write(segmentFile(), segment.toByteArray());
        Files.write(indexFile(), index.toByteArray());
    }

    private static int crc(byte[] bytes, int length) {
        CRC32 crc = new CRC32();
        crc.update(bytes, 0, length);
        return (int) crc.getValue();
    }

    static byte[] event(String body) {
        return join(new byte[] {0}, text(body));
    }

    static byte[] text(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        return join(number(bytes.length), bytes);
    }

    /** Encodes a number as Avro does, with the sign in the lowest bit. */
    static byte[] number(long value) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        long left = value << 1 ^ value >> 63;
        for (; left > 0x7f; left >>>= 7) {
            out.write((int) (left & 0x7f | 0x80));
        }
        out.write((int) left);
        return out.toByteArray();
    }

    static byte[] join(byte[]... parts) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        Arrays.stream(parts).forEach(out::writeBytes);
        return out.toByteArray();
    }
}
