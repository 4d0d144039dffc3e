package org.apache.spark.streaming.flume.sink;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import org.apache.flume.event.EventBuilder;
import org.apache.spark.streaming.flume.sink.SparkFlumeProtocol.Call;
import org.apache.spark.streaming.flume.sink.SparkFlumeProtocol.Message;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SparkFlumeProtocolTest {
    /** The hash that the classes of Spark 2.4 compute from their text. */
    private static final String SPARK_HASH = "45f3c2c4aa53244ceaacda6731dedffb";

    private static final String UNKNOWN_HASH = "00".repeat(16);

    /** Client's hash, no text, server's hash, no metadata. */
    private static final String HANDSHAKE = SPARK_HASH + "00" + SPARK_HASH + "00";

    /** No metadata; "getEventBatch", 1000. */
    private static final String POLL = "00" + "1a6765744576656e744261746368" + "d00f";

    private final SparkFlumeProtocol protocol = new SparkFlumeProtocol();

    @Test
    void theHashIsThatOfSpark() {
        assertEquals(SPARK_HASH, HexFormat.of().formatHex(SparkFlumeProtocol.PROTOCOL.getMD5()));
    }

    @Test
    void onlyTheFirstCallHasAHandshake() throws IOException {
        Call first = read(HANDSHAKE + POLL);
        Call ack = read("00" + "0661636b" + "0478" + "31");
        Call nack = read("00" + "086e61636b" + "0478" + "32");

        assertEquals(Message.GET_EVENT_BATCH, first.message());
        assertEquals(1000, first.eventsMax());
        assertEquals("00000000", hex(first.handshake())); // BOTH, and nothing else
        assertEquals(Message.ACK, ack.message());
        assertEquals("x1", ack.sequenceNumber());
        assertEquals(0, ack.handshake().length);
        assertEquals(Message.NACK, nack.message());
    }

    @Test
    void anUnknownClientIsAskedForItsProtocol() throws IOException {
        Call call = read(UNKNOWN_HASH + "00" + SPARK_HASH + "00" + POLL);

        assertEquals(Message.GREETING, call.message());
        assertTrue(hex(call.handshake()).startsWith("0402")); // NONE, and our protocol
        assertTrue(hex(call.handshake()).endsWith("02" + SPARK_HASH + "00"));
        assertEquals(Message.GET_EVENT_BATCH, read(HANDSHAKE + POLL).message());
    }

    @Test
    void anEventHasTheBytesOfItsAvroRecord() throws IOException {
        Call call = read(HANDSHAKE + POLL);
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        call.answerEvents(out, "s1", List.of(
                EventBuilder.withBody("ab".getBytes(), Map.of("k", "é"))));

        assertEquals(
                "00000000" // handshake
                        + "00" + "00" // no metadata, no error
                        + "00" // errorMsg: ""
                        + "047331" // sequenceNumber
                        + "02" // a block of one event
                        + "02" + "026b" + "04c3a9" + "00" // headers
                        + "046162" // body
                        + "00",
                hex(out.toByteArray()));
    }

    @Test
    void anErrorBatchHasNoEvents() throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        read(HANDSHAKE + POLL).answerErrorBatch(out, "no");

        assertEquals("00000000" + "0000" + "046e6f" + "00" + "00", hex(out.toByteArray()));
    }

    @Test
    void aFailureIsAnAvroError() throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        read(HANDSHAKE + POLL).answerFailure(out, "no");

        assertEquals("00000000" + "00" + "01" + "00" + "046e6f", hex(out.toByteArray()));
    }

    @ParameterizedTest
    @CsvSource({
        // A name of 1 GiB; metadata; another call; a number after the call.
        "00 8080808008, a string of",
        "02 0278 0278 00, metadata",
        "00 0678797a, unknown call 'xyz'",
        "00 1a6765744576656e744261746368 d00f 00, bytes too many"
    })
    void anythingButACallOfTheProtocolIsRefused(String call, String reason) {
        IOException thrown =
                assertThrows(IOException.class, () -> read(HANDSHAKE + call.replace(" ", "")));

        assertTrue(thrown.getMessage().contains(reason), thrown.getMessage());
    }

    @Test
    void aCallThatIsCutAnywhereIsRefused() {
        String call = HANDSHAKE + POLL;
        // Cut after the handshake, it is a complete call that asks for nothing else.
        for (int end = 2; end < call.length(); end += 2) {
            if (end != HANDSHAKE.length()) {
                String cut = call.substring(0, end);
                assertThrows(IOException.class, () -> new SparkFlumeProtocol().read(bytes(cut)));
            }
        }
    }

    @Test
    void aClientOfAnotherProtocolIsRefused() {
        String text = "{\"protocol\":\"AvroSourceProtocol\",\"types\":[],\"messages\":{}}";
        String handshake = UNKNOWN_HASH + "02" + hexString(text) + SPARK_HASH + "00";

        IOException thrown = assertThrows(IOException.class, () -> read(handshake + POLL));

        assertTrue(thrown.getMessage().contains("expected SparkFlumeProtocol"));
    }

    private Call read(String hex) throws IOException {
        return protocol.read(bytes(hex));
    }

    /** Encodes an Avro string of 64 to 8191 bytes. */
    private static String hexString(String text) {
        int zigzag = text.length() * 2;
        return hex(new byte[] {(byte) (zigzag & 0x7f | 0x80), (byte) (zigzag >> 7)})
                + hex(text.getBytes());
    }

    private static String hex(byte[] bytes) {
        return HexFormat.of().formatHex(bytes);
    }

    private static byte[] bytes(String hex) {
        return HexFormat.of().parseHex(hex);
    }
}
