package io.pysparkflume.streaming;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.pysparkflume.avro.AvroReader;
import io.pysparkflume.avro.CorruptException;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;

/** Wire bytes for tests, written as literal hex digits, with spaces for the reader. */
final class Bytes {
    private Bytes() {}

    static byte[] hex(String digits) {
        return HexFormat.of().parseHex(digits.replace(" ", ""));
    }

    static String hex(byte[] bytes) {
        return HexFormat.of().formatHex(bytes);
    }

    /** Returns each event of a batch as hex digits; their number is checked. */
    static List<String> hex(EncodedEvents events) {
        List<String> found = new ArrayList<>();
        for (byte[] chunk : events.chunks()) {
            AvroReader in = new AvroReader(chunk);
            try {
                while (in.remaining() > 0) {
                    found.add(hex(EncodedEvents.readOne(in).chunks().get(0)));
                }
            } catch (CorruptException e) {
                throw new AssertionError("a chunk has an event that is not whole", e);
            }
        }
        assertEquals(events.count(), found.size());
        return found;
    }

    static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    /** Encodes an Avro string: its length in three bytes, more than necessary, and the text. */
    static byte[] string(String text) {
        byte[] bytes = utf8(text);
        int zigzag = bytes.length << 1;
        return join(new byte[] {
            (byte) (zigzag | 0x80), (byte) (zigzag >> 7 | 0x80), (byte) (zigzag >> 14)}, bytes);
    }

    static byte[] join(byte[]... parts) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        Arrays.stream(parts).forEach(out::writeBytes);
        return out.toByteArray();
    }
}
