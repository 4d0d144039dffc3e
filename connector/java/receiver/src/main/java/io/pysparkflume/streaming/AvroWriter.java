package io.pysparkflume.streaming;

import io.pysparkflume.avro.AvroReader;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;

/** Writes Avro's binary encoding into memory; the counterpart of {@link AvroReader}. */
final class AvroWriter {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();

    /** Writes a {@code long}; also used for an {@code int}, an {@code enum} or a union's branch. */
    AvroWriter writeLong(long value) {
        long zigzag = (value << 1) ^ (value >> 63);
        for (; (zigzag & ~0x7fL) != 0; zigzag >>>= 7) {
            out.write((int) (zigzag & 0x7f | 0x80));
        }
        out.write((int) zigzag);
        return this;
    }

    AvroWriter writeString(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        return writeLong(bytes.length).writeFixed(bytes);
    }

    /** Writes bytes as they are, without their length. */
    AvroWriter writeFixed(byte[] bytes) {
        out.writeBytes(bytes);
        return this;
    }

    byte[] toByteArray() {
        return out.toByteArray();
    }
}
