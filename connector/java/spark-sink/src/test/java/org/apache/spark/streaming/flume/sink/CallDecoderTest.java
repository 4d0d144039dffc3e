package org.apache.spark.streaming.flume.sink;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.DecoderException;
import java.util.HexFormat;
import org.apache.spark.streaming.flume.sink.CallDecoder.Frame;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CallDecoderTest {
    /** Serial 7, two buffers, "ab" and "c". */
    private static final String TWO_BUFFERS = "00000007 00000002 00000002 6162 00000001 63";

    private final EmbeddedChannel connection = new EmbeddedChannel(new CallDecoder());

    @Test
    void theBuffersOfACallAreJoined() {
        assertTrue(receive(TWO_BUFFERS));

        assertCall();
    }

    @Test
    void aCallMayArriveByteByByte() {
        for (byte each : bytes(TWO_BUFFERS)) {
            connection.writeInbound(Unpooled.wrappedBuffer(new byte[] {each}));
        }

        assertCall();
    }

    @Test
    void twoCallsMayArriveAtOnce() {
        assertTrue(receive(TWO_BUFFERS + TWO_BUFFERS));

        assertCall();
        assertCall();
    }

    @ParameterizedTest
    @CsvSource({
        "00000001 00000001 40000000, 1,073,741,824 bytes",
        "00000001 00000001 ffffffff, a buffer of -1 bytes",
        "00000001 00000001 00010001, 65,537 bytes",
        "00000001 00000000, a call of 0 buffers",
        "00000001 40000000, '1,073,741,824 buffers'",
        "47455420 2f204854, 'only Spark''s polling stream may connect here'"
    })
    void aFalseLengthIsRefusedBeforeItsBytesArrive(String start, String reason) {
        DecoderException thrown = assertThrows(DecoderException.class, () -> receive(start));

        assertTrue(thrown.getMessage().contains(reason), thrown.getMessage());
    }

    @Test
    void aCallOf64KiBIsTheLongest() {
        assertFalse(receive("00000001 00000001 00010000"));
    }

    private boolean receive(String hex) {
        return connection.writeInbound(Unpooled.wrappedBuffer(bytes(hex)));
    }

    private void assertCall() {
        Frame call = connection.readInbound();
        assertEquals(7, call.serial());
        assertArrayEquals("abc".getBytes(), call.payload());
    }

    private static byte[] bytes(String hex) {
        return HexFormat.of().parseHex(hex.replace(" ", ""));
    }
}
