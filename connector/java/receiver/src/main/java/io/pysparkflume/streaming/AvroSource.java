package io.pysparkflume.streaming;

import io.pysparkflume.avro.AvroReader;
import io.pysparkflume.avro.CorruptException;
import io.pysparkflume.streaming.Handshake.Match;
import java.nio.ByteBuffer;
import java.util.HexFormat;
import java.util.Set;
import org.apache.avro.Protocol;

/**
 * The server's side of Flume's {@code AvroSourceProtocol} on one connection, without I/O: the bytes
 * of a call in, the events and the bytes of the answer out.
 *
 * <p>An event is not decoded. It is kept as the bytes of its Avro record {@code headers
 * map<string>, body bytes}.
 *
 * @see <a href="https://avro.apache.org/docs/1.12.0/specification/#protocol-wire-format">Avro:
 *     protocol wire format</a>
 */
final class AvroSource {
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

    private static final ByteBuffer PROTOCOL_HASH = ByteBuffer.wrap(PROTOCOL.getMD5());

    /** The hash of the protocol's text in Flume 1.11, whose sink then needs one handshake. */
    private static final ByteBuffer FLUME_1_11_HASH =
            ByteBuffer.wrap(HexFormat.of().parseHex("86aadae2c45474c0fe93ffd0f2350a65"));

    /**
     * The protocols that need no check. A client's own is not added: the client may name it by any
     * hash.
     */
    private static final Set<ByteBuffer> KNOWN_HASHES = Set.of(PROTOCOL_HASH, FLUME_1_11_HASH);

    /** The answers of the protocol's {@code Status} enum, in its order. */
    enum Status { OK, FAILED, UNKNOWN }

    /**
     * A call that has been read.
     *
     * @param events chunks of the bytes of {@code AvroFlumeEvent}s
     * @param handshake the first bytes of the answer; empty after the first call
     * @param complete false if there was no call, so that the answer is only the handshake
     */
    record Call(EncodedEvents events, byte[] handshake, boolean complete) {
        /** Returns the payload of the answer's frame. */
        byte[] answer(Status status) {
            AvroWriter out = new AvroWriter().writeFixed(handshake);
            if (complete) {
                out.writeLong(0); // metadata: an empty map
                out.writeLong(0); // no error
                out.writeLong(status.ordinal());
            }
            return out.toByteArray();
        }
    }

    private boolean connected;

    /**
     * Reads one call.
     *
     * @throws ProtocolException the bytes are not a call of this protocol; the connection can no
     *     longer be used
     */
    Call read(byte[] payload) throws ProtocolException {
        AvroReader in = new AvroReader(payload);
        try {
            return read(in);
        } catch (CorruptException e) {
            throw ProtocolException.corrupt(in, e);
        }
    }

    private Call read(AvroReader in) throws CorruptException, ProtocolException {
        byte[] handshake = new byte[0];
        if (!connected) {
            handshake = shakeHands(in);
            // If not connected, the client sends the call again, with its protocol. If no bytes are
            // left, it asked only for the handshake.
            if (!connected || in.remaining() == 0) {
                return new Call(EncodedEvents.NONE, handshake, false);
            }
        }
        in.skipMap();
        String message = in.readString();
        if (message.isEmpty()) {
            return new Call(EncodedEvents.NONE, handshake, false); // Avro's ping
        }
        EncodedEvents events = switch (message) {
            case "append" -> EncodedEvents.readOne(in);
            case "appendBatch" -> EncodedEvents.readArray(in);
            default -> throw new ProtocolException(
                    "unknown call '" + ProtocolException.printable(message)
                            + "', expected append or appendBatch");
        };
        if (in.remaining() != 0) {
            throw new ProtocolException(in.remaining() + " bytes too many after the call's events");
        }
        return new Call(events, handshake, true);
    }

    private byte[] shakeHands(AvroReader in) throws CorruptException, ProtocolException {
        Handshake.Request client = Handshake.Request.read(in);
        boolean isKnown = KNOWN_HASHES.contains(client.clientHash());
        if (!isKnown && client.clientProtocol() != null) {
            ProtocolLayout.requireSame(
                    PROTOCOL, client.clientProtocol(), "the client", "a Flume avro sink");
        }
        connected = isKnown || client.clientProtocol() != null;
        Match match = !connected ? Match.NONE
                : KNOWN_HASHES.contains(client.serverHash()) ? Match.BOTH : Match.CLIENT;
        AvroWriter out = new AvroWriter();
        (match == Match.BOTH
                ? new Handshake.Answer(match, null, null)
                : new Handshake.Answer(match, PROTOCOL.toString(), PROTOCOL_HASH)).write(out);
        return out.toByteArray();
    }
}
