package io.pysparkflume.streaming;

import static io.pysparkflume.streaming.Bytes.hex;
import static io.pysparkflume.streaming.Bytes.join;
import static io.pysparkflume.streaming.Bytes.string;
import static io.pysparkflume.streaming.Bytes.utf8;
import static io.pysparkflume.streaming.ClientProtocolTest.text;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.pysparkflume.streaming.AvroSource.Call;
import io.pysparkflume.streaming.AvroSource.Status;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AvroSourceTest {
    private static final String FLUME_1_11 = "86aadae2c45474c0fe93ffd0f2350a65";
    private static final String UNKNOWN = "00112233445566778899aabbccddeeff";
    private static final String SHORT_HANDSHAKE = FLUME_1_11 + "00" + FLUME_1_11 + "00";

    private static final String APPEND = "00 0c 617070656e64";
    private static final String APPEND_BATCH = "00 16 617070656e644261746368";

    /** Headers none, a: b, and a: b in a sized block; bodies hi, none and x. */
    private static final String HI = "00 04 6869";
    private static final String EMPTY = "02 0261 0262 00  00";
    private static final String X = "01 08 0261 0262 00  02 78";

    private final AvroSource source = new AvroSource();

    @Test
    void flume111IsKnownByItsHashAndSendsNoProtocol() throws Exception {
        Call call = source.read(hex(SHORT_HANDSHAKE + APPEND + HI));

        assertEvents(call, HI);
        // BOTH, no protocol, no hash, no meta; no metadata, no error, OK
        assertEquals("00000000" + "000000", answer(call, Status.OK));
    }

    @Test
    void onlyTheFirstCallCarriesAHandshake() throws Exception {
        source.read(hex(SHORT_HANDSHAKE + APPEND + HI));

        Call second = source.read(hex(APPEND + EMPTY));

        assertEvents(second, EMPTY);
        assertEquals("000000", answer(second, Status.OK));
        assertEquals("000002", answer(second, Status.FAILED));
        assertEquals("000004", answer(second, Status.UNKNOWN));
    }

    @Test
    void anUnknownClientIsAskedForItsProtocolAndSendsItsCallAgain() throws Exception {
        String call = APPEND + HI;

        Call first = source.read(hex(UNKNOWN + "00" + UNKNOWN + "00" + call));
        assertEvents(first);
        assertFalse(first.complete());
        // NONE with the server's protocol and hash; neither status nor metadata
        assertEquals("04" + serverProtocol(), answer(first, Status.OK));

        Call again = source.read(join(
                hex(UNKNOWN + "02"), string(text("unknown client")),
                AvroSource.PROTOCOL.getMD5(), hex("00"), hex(call)));
        assertEvents(again, HI);
        assertEquals("00000000" + "000000", answer(again, Status.OK));

        assertEvents(source.read(hex(call)), HI);
    }

    @Test
    void aClientThatExpectsAnotherServerIsSentThisOnesProtocol() throws Exception {
        Call call = source.read(join(
                hex("11112233445566778899aabbccddeeff 02"), string(text("client")),
                hex("99112233445566778899aabbccddeeff 00" + APPEND + HI)));

        assertEvents(call, HI);
        assertEquals("02" + serverProtocol() + "000000", answer(call, Status.OK)); // CLIENT
    }

    @Test
    void aHashIsNotBelievedBecauseAnotherClientSentItWithAFlumeProtocol() throws Exception {
        String hash = "22112233445566778899aabbccddeeff"; // not the text's
        source.read(join(hex(hash + "02"), string(text("under a wrong hash")),
                hex(FLUME_1_11 + "00" + APPEND + HI)));

        Call call = new AvroSource().read(hex(hash + "00" + FLUME_1_11 + "00" + APPEND + HI));

        assertEvents(call);
        assertEquals("04" + serverProtocol(), answer(call, Status.OK)); // NONE
    }

    @Test
    void aHandshakesMetadataIsIgnored() throws Exception {
        assertEvents(source.read(
                hex(FLUME_1_11 + "00" + FLUME_1_11 + "02 02 0261 0262 00" + APPEND + HI)), HI);
    }

    @Test
    void aHandshakeMayComeAlone() throws Exception {
        Call alone = source.read(hex(SHORT_HANDSHAKE));

        assertEvents(alone);
        assertEquals("00000000", answer(alone, Status.OK));
        assertEvents(source.read(hex(APPEND + HI)), HI);
    }

    @Test
    void aPingIsAnsweredOnlyByTheHandshake() throws Exception {
        Call first = source.read(hex(SHORT_HANDSHAKE + "00 00"));
        assertEvents(first);
        assertEquals("00000000", answer(first, Status.OK));

        Call second = source.read(hex("00 00"));
        assertEvents(second);
        assertEquals("", answer(second, Status.OK));
    }

    @Test
    void aCallsMetadataIsIgnored() throws Exception {
        assertEvents(connected().read(hex("02 0261 0262 00" + "0c 617070656e64" + HI)), HI);
    }

    @Test
    void aBatchIsItsEventsInOrderAsTheyWereSent() throws Exception {
        assertEvents(connected().read(hex(APPEND_BATCH + "06" + HI + EMPTY + X + "00")),
                HI, EMPTY, X);
    }

    @Test
    void aBatchMayComeInSeveralBlocksAndInSizedOnes() throws Exception {
        assertEvents(connected().read(hex(APPEND_BATCH
                + "02" + HI // one event
                + "03 16" + HI + EMPTY // two in 11 bytes
                + "01 12" + X // one in 9 bytes
                + "00")), HI, HI, EMPTY, X);
    }

    @Test
    void anEmptyBatchIsACallOfNoEvents() throws Exception {
        Call call = connected().read(hex(APPEND_BATCH + "00"));

        assertEvents(call);
        assertEquals("000000", answer(call, Status.OK));
    }

    @Test
    void aCallThatIsCutAnywhereIsRefused() {
        byte[] call = hex(APPEND_BATCH + "06" + HI + EMPTY + X + "00");

        for (int length = 0; length < call.length; length++) {
            byte[] cut = Arrays.copyOf(call, length);
            assertThrows(ProtocolException.class, () -> connected().read(cut), length + " bytes");
        }
    }

    @Test
    void aHandshakeThatIsCutAnywhereIsRefused() {
        byte[] handshake = join(hex("33112233445566778899aabbccddeeff 02"), string(text("cut")),
                hex(FLUME_1_11 + "02 02 0261 0262 00"));

        for (int length = 0; length < handshake.length; length++) {
            byte[] cut = Arrays.copyOf(handshake, length);
            assertThrows(ProtocolException.class, () -> new AvroSource().read(cut),
                    length + " bytes");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {APPEND + HI, APPEND_BATCH + "02" + HI + "00"})
    void bytesAfterACallAreRefused(String call) {
        assertRefused("1 bytes too many", hex(call + "00"));
    }

    @ParameterizedTest
    @ValueSource(strings = {
        APPEND_BATCH + "08" + HI + HI + HI + "00", // 4 events claimed, 3 present
        APPEND_BATCH + "feffffffffffffffff01" + HI + "00", // 2^63 - 1 events
        APPEND_BATCH + "ffffffffffffffffff01 02" + HI + "00", // -2^63 events
        APPEND + "7e 0261 0262 00 00", // 63 headers
        APPEND + "00 06 6869", // a body of 3 bytes claimed, 2 present
        APPEND + "00 82808080808080808002 61"}) // a body of 2^63 + 1 bytes, which is 1 in 64 bits
    void aFalseCountOrLengthIsRefused(String call) {
        assertThrows(ProtocolException.class, () -> connected().read(hex(call)));
    }

    @Test
    void aDamagedCallIsRefusedWithItsPlace() {
        assertRefused("a number without an end, at byte 9", hex(APPEND + "80"));
        assertRefused("length of 3 bytes with 2 left, at byte 10", hex(APPEND + "00 06 6869"));
    }

    @Test
    void anUnknownCallIsRefusedWithAOneLineMessage() {
        assertRefused("unknown call 'a??b', expected append or appendBatch",
                hex("00 0a 610dc2a062")); // "a\r\u00a0b"
    }

    @Test
    void aBatchAtTheLimitIsAccepted() throws Exception {
        byte[] events = new byte[2 * EncodedEvents.BATCH_EVENTS_MAX]; // no headers, no body

        Call call = connected().read(join(hex(APPEND_BATCH + "80897a"), events, hex("00")));

        assertEquals(1_000_000, call.events().count());
    }

    @Test
    void aBatchOverTheLimitIsRefused() {
        byte[] events = new byte[2 * EncodedEvents.BATCH_EVENTS_MAX];

        assertRefused("batch of at least 1,000,001 events, the limit is 1,000,000",
                join(hex(APPEND_BATCH + "82897a"), events, hex("0000 00")));
        assertRefused("batch of at least 1,000,001 events, the limit is 1,000,000",
                join(hex(APPEND_BATCH + "80897a"), events, hex("02 0000 00")));
    }

    private static AvroSource connected() throws ProtocolException {
        AvroSource source = new AvroSource();
        source.read(hex(SHORT_HANDSHAKE));
        return source;
    }

    private static void assertEvents(Call call, String... expected) {
        assertEquals(Arrays.stream(expected).map(e -> e.replace(" ", "")).toList(),
                Bytes.hex(call.events()));
    }

    private static void assertRefused(String reason, byte[] call) {
        ProtocolException e =
                assertThrows(ProtocolException.class, () -> connected().read(call));
        assertTrue(e.getMessage().contains(reason), e.getMessage());
    }

    private static String answer(Call call, Status status) {
        return hex(call.answer(status));
    }

    /** The server's text and hash, neither of them null, and no metadata. */
    private static String serverProtocol() {
        String text = AvroSource.PROTOCOL.toString();
        assertEquals(509, text.length());
        return "02fa07" + hex(utf8(text))
                + "02" + hex(AvroSource.PROTOCOL.getMD5()) + "00";
    }
}
