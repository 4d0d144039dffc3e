package io.pysparkflume.streaming;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.avro.Protocol;
import org.apache.avro.Schema;
import org.apache.avro.SchemaNormalization;

/**
 * The server's side of Flume's {@code AvroSourceProtocol} on one connection, with no I/O in it: the
 * bytes of a call in, the events and the bytes of the answer out.
 *
 * <p>An event is not decoded: it is kept as the bytes of its Avro record {@code headers
 * map<string>, body bytes}.
 *
 * @see <a href="https://avro.apache.org/docs/1.12.0/specification/#protocol-wire-format">Avro:
 *     protocol wire format</a>
 */
final class AvroSource {
    /** An event of no content has 2 bytes on the wire and some 40 in memory. */
    static final int BATCH_EVENTS_MAX = 1_000_000;

    /** Every Flume version has one text; what comes beyond some dozens is not Flume. */
    private static final int CLIENT_PROTOCOLS_MAX = 64;

    static final Protocol PROTOCOL = Protocol.parse("""
            {"protocol": "AvroSourceProtocol", "namespace": "org.apache.flume.source.avro",
             "types": [
               {"type": "enum", "name": "Status", "symbols": ["OK", "FAILED", "UNKNOWN"]},
               {"type": "record", "name": "AvroFlumeEvent", "fields": [
                 {"name": "headers", "type": {"type": "map", "values": "string"}},
                 {"name": "body", "type": "bytes"}]}],
             "messages": {
               "append": {"request": [{"name": "event", "type": "AvroFlumeEvent"}],
                          "response": "Status"},
               "appendBatch": {"request": [
                   {"name": "events", "type": {"type": "array", "items": "AvroFlumeEvent"}}],
                 "response": "Status"}}}
            """);

    private static final int HASH_BYTES = 16;
    private static final ByteBuffer PROTOCOL_HASH = ByteBuffer.wrap(PROTOCOL.getMD5());

    /** The same protocol as Flume 1.11 writes it, so that its sink needs no second handshake. */
    private static final ByteBuffer FLUME_1_11_HASH =
            ByteBuffer.wrap(HexFormat.of().parseHex("86aadae2c45474c0fe93ffd0f2350a65"));

    /** Hashes of texts that were checked, kept for the reconnects of the same clients. */
    private static final Set<ByteBuffer> KNOWN_CLIENTS = ConcurrentHashMap.newKeySet();

    static {
        KNOWN_CLIENTS.add(PROTOCOL_HASH);
        KNOWN_CLIENTS.add(FLUME_1_11_HASH);
    }

    /** The answers of the protocol's {@code Status} enum, in its order. */
    enum Status { OK, FAILED, UNKNOWN }

    /**
     * A call that has been read.
     *
     * @param events each the bytes of one {@code AvroFlumeEvent}, in order
     * @param handshake the bytes that come first in the answer; none after the first call
     * @param complete false if there was no call: the answer is the handshake alone
     */
    record Call(List<byte[]> events, byte[] handshake, boolean complete) {
        /** The payload of the answer's frame. */
        byte[] answer(Status status) {
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            out.writeBytes(handshake);
            if (complete) {
                writeLong(out, 0); // metadata: an empty map
                out.write(0); // no error
                writeLong(out, status.ordinal());
            }
            return out.toByteArray();
        }
    }

    private boolean connected;

    /**
     * Reads one call.
     *
     * @throws ProtocolException the bytes are no call of this protocol; the connection is of no use
     *     any more
     */
    Call read(byte[] payload) throws ProtocolException {
        AvroReader in = new AvroReader(payload);
        byte[] handshake = new byte[0];
        if (!connected) {
            handshake = shakeHands(in);
            // Not connected: the client sends its protocol and the call again. No call: it asked
            // for the handshake alone.
            if (!connected || in.remaining() == 0) {
                return new Call(List.of(), handshake, false);
            }
        }
        in.skipMap();
        String message = in.readString();
        if (message.isEmpty()) {
            return new Call(List.of(), handshake, false); // Avro's ping
        }
        List<byte[]> events = switch (message) {
            case "append" -> List.of(readEvent(in));
            case "appendBatch" -> readEvents(in);
            default -> throw new ProtocolException(
                    "unknown call '" + printable(message) + "', expected append or appendBatch");
        };
        if (in.remaining() != 0) {
            throw new ProtocolException(in.remaining() + " bytes too many after the call's events");
        }
        return new Call(events, handshake, true);
    }

    private static List<byte[]> readEvents(AvroReader in) throws ProtocolException {
        List<byte[]> events = new ArrayList<>();
        for (long count = in.readBlockCount(); count != 0; count = in.readBlockCount()) {
            if (events.size() + count > BATCH_EVENTS_MAX) {
                throw new ProtocolException(String.format(
                        "batch of at least %,d events, the limit is %,d",
                        events.size() + count, BATCH_EVENTS_MAX));
            }
            for (; count > 0; count--) {
                events.add(readEvent(in));
            }
        }
        return events;
    }

    private static byte[] readEvent(AvroReader in) throws ProtocolException {
        int start = in.position();
        in.skipMap();
        in.skipBytes();
        return in.copySince(start);
    }

    private byte[] shakeHands(AvroReader in) throws ProtocolException {
        ByteBuffer clientHash = ByteBuffer.wrap(in.readFixed(HASH_BYTES));
        String clientText = readOptional(in) ? in.readString() : null;
        ByteBuffer serverHash = ByteBuffer.wrap(in.readFixed(HASH_BYTES));
        if (readOptional(in)) {
            in.skipMap();
        }
        if (clientText != null && !KNOWN_CLIENTS.contains(clientHash)) {
            requireSameProtocol(clientText);
            connected = true;
            if (KNOWN_CLIENTS.size() < CLIENT_PROTOCOLS_MAX) {
                KNOWN_CLIENTS.add(clientHash);
            }
        } else {
            connected = KNOWN_CLIENTS.contains(clientHash);
        }
        Match match = !connected ? Match.NONE
                : KNOWN_CLIENTS.contains(serverHash) ? Match.BOTH : Match.CLIENT;
        return handshakeAnswer(match);
    }

    /** The answers of Avro's {@code HandshakeMatch} enum, in its order. */
    private enum Match { BOTH, CLIENT, NONE }

    private static byte[] handshakeAnswer(Match match) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        writeLong(out, match.ordinal());
        if (match == Match.BOTH) {
            writeLong(out, 0); // server protocol: null
            writeLong(out, 0); // server hash: null
        } else {
            byte[] text = PROTOCOL.toString().getBytes(StandardCharsets.UTF_8);
            writeLong(out, 1);
            writeLong(out, text.length);
            out.writeBytes(text);
            writeLong(out, 1);
            out.writeBytes(PROTOCOL_HASH.array());
        }
        writeLong(out, 0); // meta: null
        return out.toByteArray();
    }

    private static boolean readOptional(AvroReader in) throws ProtocolException {
        long branch = in.readLong();
        if (branch != 0 && branch != 1) {
            throw new ProtocolException("not an Avro handshake: union branch " + branch);
        }
        return branch == 1;
    }

    /** Events are kept undecoded, so the client's layout of the bytes must be ours exactly. */
    private static void requireSameProtocol(String text) throws ProtocolException {
        Protocol client;
        try {
            client = Protocol.parse(text);
        } catch (RuntimeException e) {
            // Not only a SchemaParseException: Avro's parser trusts the JSON's types.
            throw new ProtocolException("the client's protocol is not valid: "
                    + printable(String.valueOf(e.getMessage())));
        }
        for (Map.Entry<String, Protocol.Message> ours : PROTOCOL.getMessages().entrySet()) {
            Protocol.Message theirs = client.getMessages().get(ours.getKey());
            if (theirs != null && !layout(theirs).equals(layout(ours.getValue()))) {
                throw new ProtocolException("the client's " + client.getName() + "."
                        + ours.getKey() + " differs from Flume's: " + layout(theirs));
            }
        }
        if (client.getMessages().keySet().stream().noneMatch(PROTOCOL.getMessages()::containsKey)) {
            throw new ProtocolException("the client speaks " + printable(client.getName())
                    + ", expected AvroSourceProtocol (a Flume avro sink)");
        }
    }

    private static List<String> layout(Protocol.Message message) {
        List<String> forms = new ArrayList<>();
        for (Schema.Field field : message.getRequest().getFields()) {
            forms.add(SchemaNormalization.toParsingForm(field.schema()));
        }
        forms.add(SchemaNormalization.toParsingForm(message.getResponse()));
        return forms;
    }

    /** What a client sends goes into a log line: no line breaks, no end of it. */
    private static String printable(String text) {
        String safe = text.replaceAll("[^\\x20-\\x7e]", "?");
        return safe.length() <= 60 ? safe : safe.substring(0, 60) + "…";
    }

    private static void writeLong(ByteArrayOutputStream out, long value) {
        long zigzag = (value << 1) ^ (value >> 63);
        for (; (zigzag & ~0x7fL) != 0; zigzag >>>= 7) {
            out.write((int) (zigzag & 0x7f | 0x80));
        }
        out.write((int) zigzag);
    }
}
