package io.pysparkflume.streaming;

import static io.pysparkflume.streaming.Bytes.hex;
import static io.pysparkflume.streaming.Bytes.join;
import static io.pysparkflume.streaming.Bytes.string;
import static io.pysparkflume.streaming.Bytes.utf8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What {@link AvroSource} makes of the protocol that a client sends in its handshake. */
class ClientProtocolTest {
    /** A text that Flume 1.4 might have sent: the same layout in other words. */
    private static final String OTHER_TEXT = """
            {"protocol":"AvroSourceProtocol","namespace":"org.apache.flume.source.avro",
             "doc":"%s","types":[
             {"type":"enum","name":"Status","symbols":["OK","FAILED","UNKNOWN"]},
             {"type":"record","name":"AvroFlumeEvent","fields":[
              {"name":"headers","type":{"type":"map","values":"string"}},
              {"name":"body","type":"bytes"}]}],
             "messages":{
              "append":{"request":[{"name":"event","type":"AvroFlumeEvent"}],
               "response":"Status"},
              "appendBatch":{"request":[{"name":"events",
               "type":{"type":"array","items":"AvroFlumeEvent"}}],"response":"Status"}}}""";

    @ParameterizedTest
    @ValueSource(strings = {
        "\"bytes\"}]}]|\"string\"}]}]", // a body that is text
        "\"string\"}|\"bytes\"}", // headers that are bytes
        "[\"OK\",\"FAILED\"|[\"FAILED\",\"OK\"", // 0 is not OK
        "{\"name\":\"body\"|{\"name\":\"n\",\"type\":\"long\"},{\"name\":\"body\""}) // more fields
    void aProtocolOfAnotherLayoutIsRefused(String change) {
        String[] fromTo = change.split("\\|");
        String text = text("other").replaceAll("\\s", "");
        assertTrue(text.contains(fromTo[0]), "nothing would be changed");

        assertHandshakeRefused("differs from Flume's", text.replace(fromTo[0], fromTo[1]));
    }

    @Test
    void aProtocolThatDiffersIsNamedInOneShortLine() {
        String symbols = IntStream.range(0, 5_000).mapToObj(i -> "\"S" + i + "\"")
                .collect(Collectors.joining(","));
        String text = text("other").replaceFirst("AvroSourceProtocol", "Avro\\\\nSource")
                .replace("\"OK\",\"FAILED\",\"UNKNOWN\"", symbols);

        String said = refusedHandshake(text).getMessage();
        assertTrue(said.startsWith("the client's Avro?Source.append differs from Flume's: "),
                ProtocolException.printable(said, 200));
        assertEquals(1, said.lines().count());
        assertTrue(said.length() < 500, said.length() + " characters");
    }

    @Test
    void aProtocolAtTheLimitIsAcceptedAndALargerOneIsRefusedUnread() throws Exception {
        int free = 65_536 - utf8(text("")).length;
        byte[] largest = handshake(text("x".repeat(free)));

        assertEquals(1, new AvroSource().read(largest).events().count());

        assertHandshakeRefused("protocol of 65,537 bytes, the limit is 65,536",
                text("x".repeat(free + 1)));
    }

    @Test
    void aProtocolThatIsNotFlumesIsRefused() {
        assertHandshakeRefused("the client speaks Mail, expected AvroSourceProtocol",
                "{\"protocol\":\"Mail\",\"messages\":{}}");
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "", "x", "{", "[]", "{}", "null", "5", "\"x\"",
        "{\"protocol\":5}",
        "{\"protocol\":\"P\",\"types\":5}",
        "{\"protocol\":\"P\",\"types\":[5]}",
        "{\"protocol\":\"P\",\"types\":[{\"type\":\"record\",\"name\":\"1\"}]}",
        "{\"protocol\":\"P\",\"messages\":[]}",
        "{\"protocol\":\"P\",\"messages\":{\"append\":5}}",
        "{\"protocol\":\"P\",\"messages\":{\"append\":{}}}",
        "{\"protocol\":\"P\",\"messages\":{\"append\":{\"request\":5}}}",
        "{\"protocol\":\"P\",\"messages\":{\"append\":{\"request\":[5]}}}",
        "{\"protocol\":\"P\",\"messages\":{\"append\":{\"request\":[],\"response\":5}}}"})
    void anInvalidProtocolIsRefused(String text) {
        assertHandshakeRefused("", text);
    }

    @Test
    void aProtocolThatIsNestedDeeplyIsRefused() {
        assertHandshakeRefused("", "[".repeat(60_000));
        String arrays = "{\"type\":\"array\",\"items\":";
        assertHandshakeRefused("", "{\"protocol\":\"P\",\"types\":[" + arrays.repeat(900)
                + "\"int\"" + "}".repeat(900) + "]}");
    }

    /** Returns a protocol that Flume's clients might send. */
    static String text(String doc) {
        return OTHER_TEXT.formatted(doc);
    }

    private static void assertHandshakeRefused(String reason, String text) {
        ProtocolException e = refusedHandshake(text);
        assertTrue(e.getMessage().contains(reason), e.getMessage());
    }

    private static ProtocolException refusedHandshake(String text) {
        return assertThrows(
                ProtocolException.class, () -> new AvroSource().read(handshake(text)));
    }

    /** A handshake, and append of "hi". */
    private static byte[] handshake(String text) {
        return join(hex("44112233445566778899aabbccddeeff 02"), string(text),
                AvroSource.PROTOCOL.getMD5(), hex("00" + "00 0c 617070656e64" + "00 04 6869"));
    }
}
