package io.pysparkflume.sql;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import org.apache.spark.unsafe.types.UTF8String;

/** Spark's strings in an array of bytes. */
final class Text {
    private static final VarHandle WORDS =
            MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
    private static final long NOT_ASCII = 0x8080_8080_8080_8080L;

    private Text() {}

    /**
     * Returns the text between two places, without a copy: it is valid until the next read. Bytes
     * that are not UTF-8 become replacement characters: one client's fault must not fail everyone's
     * query.
     */
    static UTF8String of(byte[] data, int start, int end) {
        UTF8String text = UTF8String.fromBytes(data, start, end - start);
        // Most text is ASCII, which is checked faster than UTF-8.
        if (isAscii(data, start, end) || text.isValid()) {
            return text;
        }
        return text.makeValid();
    }

    private static boolean isAscii(byte[] data, int start, int end) {
        long seen = 0;
        int i = start;
        for (; i <= end - Long.BYTES; i += Long.BYTES) {
            seen |= (long) WORDS.get(data, i);
        }
        for (; i < end; i++) {
            seen |= data[i];
        }
        return (seen & NOT_ASCII) == 0;
    }
}
