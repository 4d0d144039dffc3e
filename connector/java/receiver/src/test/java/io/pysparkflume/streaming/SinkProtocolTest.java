package io.pysparkflume.streaming;

import static io.pysparkflume.streaming.Bytes.hex;
import static io.pysparkflume.streaming.Bytes.join;
import static io.pysparkflume.streaming.Bytes.utf8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.pysparkflume.streaming.SinkProtocol.EventBatch;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SinkProtocolTest {
    /** Headers none, and a: b; bodies hi, and none. */
    private static final String HI = "00 04 6869";
    private static final String EMPTY = "02 0261 0262 00  00";

    /** No metadata, no error; errorMsg none, sequenceNumber s1. */
    private static final String HEAD = "00 00  00 04 7331";

    @Test
    void theHandshakeIsAPingThatCarriesTheProtocol() {
        String text = SinkProtocol.PROTOCOL.toString();
        assertEquals(699, text.length());
        String hash = hex(SinkProtocol.PROTOCOL.getMD5());

        // two optional values, text and metadata; then a call: no metadata, no name
        assertEquals(hash + "02" + "f60a" + hex(utf8(text)) + hash + "00" + "0000",
                hex(SinkProtocol.handshake()));
    }

    @ParameterizedTest
    @ValueSource(strings = {"00 00 00 00", "00 00 00 02 02 0261 0262 00", "00 00 00 00 00 00"})
    void aSinkWithTheSameProtocolIsAccepted(String answer) throws Exception {
        SinkProtocol.readHandshake(hex(answer));
    }

    @Test
    void aSinkWithAnotherTextIsAcceptedIfItsLayoutIsTheSame() throws Exception {
        String text = SinkProtocol.PROTOCOL.toString();

        SinkProtocol.readHandshake(client(text));
        SinkProtocol.readHandshake(client(text
                .replace("{\"protocol\"", "{\"doc\":\"2.4\",\"protocol\"")
                .replace("\"bytes\"", "{\"type\":\"bytes\"}")));
    }

    @Test
    void aSinkOfAnotherLayoutIsRefused() {
        String text = SinkProtocol.PROTOCOL.toString();

        assertHandshakeRefused("the sink's SparkFlumeProtocol.getEventBatch differs from Flume's",
                client(text.replace("\"bytes\"", "\"string\"")));
        assertHandshakeRefused("the sink speaks AvroSourceProtocol, expected SparkFlumeProtocol",
                client(AvroSource.PROTOCOL.toString()));
        assertHandshakeRefused("the sink's protocol is not valid", client("{"));
        assertHandshakeRefused("protocol of 70,000 bytes, the limit is 65,536",
                client(text + " ".repeat(70_000 - text.length())));
    }

    @ParameterizedTest
    @ValueSource(strings = {"04 00 00 00", "06 00 00 00", "00 04", "00 00 03", "01"})
    void anInvalidHandshakeIsRefused(String answer) {
        assertHandshakeRefused("", hex(answer));
    }

    @Test
    void aHandshakeThatIsCutAnywhereIsRefused() {
        byte[] answer = client(SinkProtocol.PROTOCOL.toString());

        for (int length = 0; length < answer.length; length++) {
            byte[] cut = Arrays.copyOf(answer, length);
            assertThrows(ProtocolException.class, () -> SinkProtocol.readHandshake(cut),
                    length + " bytes");
        }
    }

    @Test
    void aCallIsNoMetadataItsNameAndItsParameter() {
        assertEquals("00 1a 6765744576656e744261746368 d00f".replace(" ", ""),
                hex(SinkProtocol.getEventBatch(1000)));
        assertEquals("00 06 61636b 04 7331".replace(" ", ""), hex(SinkProtocol.ack("s1")));
        assertEquals("00 08 6e61636b 04 7331".replace(" ", ""), hex(SinkProtocol.nack("s1")));
    }

    @Test
    void aBatchIsItsSequenceNumberAndItsEventsAsTheyWereSent() throws Exception {
        assertBatch(HEAD + "04" + HI + EMPTY + "00", HI, EMPTY);
        assertBatch(HEAD + "02" + HI + "03 0c" + EMPTY + HI + "00", HI, EMPTY, HI);
        assertBatch(HEAD + "00");
    }

    @Test
    void anAnswersMetadataIsIgnored() throws Exception {
        assertBatch("02 0261 0262 00" + HEAD.substring(2) + "02" + HI + "00", HI);
        SinkProtocol.readDone(hex("02 0261 0262 00 00"));
    }

    @Test
    void theAnswerToAnAckIsEmpty() throws Exception {
        SinkProtocol.readDone(hex("00 00"));
    }

    @Test
    void anErrorOfTheSinkIsItsTextInOneLine() {
        // errorMsg "a\nb"; then the same as Avro's own error, branch 0
        assertSinkError("a?b", "00 00  06 610a62 00 00");
        assertSinkError("a?b", "00 01  00 06 610a62");
    }

    @Test
    void anAckMayBeAnsweredByAnError() {
        SinkErrorException e = assertThrows(SinkErrorException.class,
                () -> SinkProtocol.readDone(hex("00 01  00 04 6e6f")));
        assertEquals("no", e.getMessage());
    }

    @Test
    void anAnswerThatIsCutAnywhereIsRefused() {
        byte[] answer = hex(HEAD + "04" + HI + EMPTY + "00");

        for (int length = 0; length < answer.length; length++) {
            byte[] cut = Arrays.copyOf(answer, length);
            assertThrows(ProtocolException.class, () -> SinkProtocol.readEventBatch(cut),
                    length + " bytes");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {
        HEAD + "08" + HI + "00", // 4 events claimed, 1 present
        HEAD + "feffffffffffffffff01" + HI + "00", // 2^63 - 1 events
        HEAD + "02 00 82808080808080808002 61 00", // a body of 2^63 + 1 bytes
        HEAD + "02 00 06 6869 00", // a body of 3 bytes, and then no end
        HEAD + "02 7e 0261 0262 00 00 00", // 63 headers
        "00 00  00 feffffff0f 7331 00", // a sequence number of 2 GiB
        HEAD + "00 00"}) // a byte too many
    void aFalseCountOrLengthIsRefused(String answer) {
        assertThrows(ProtocolException.class, () -> SinkProtocol.readEventBatch(hex(answer)));
    }

    private static void assertBatch(String answer, String... events) throws Exception {
        EventBatch batch = SinkProtocol.readEventBatch(hex(answer));

        assertEquals("s1", batch.sequenceNumber());
        assertEquals(Arrays.stream(events).map(e -> e.replace(" ", "")).toList(),
                Bytes.hex(batch.events()));
    }

    private static void assertSinkError(String text, String answer) {
        SinkErrorException e = assertThrows(SinkErrorException.class,
                () -> SinkProtocol.readEventBatch(hex(answer)));
        assertEquals(text, e.getMessage());
    }

    private static void assertHandshakeRefused(String reason, byte[] answer) {
        ProtocolException e = assertThrows(ProtocolException.class,
                () -> SinkProtocol.readHandshake(answer));
        assertTrue(e.getMessage().contains(reason), e.getMessage());
    }

    /** Match CLIENT, with the server's text and hash. */
    private static byte[] client(String text) {
        return join(hex("02 02"), Bytes.string(text), hex("02"), new byte[16], hex("00"));
    }
}
