package io.pysparkflume.streaming;

import io.pysparkflume.avro.AvroReader;
import io.pysparkflume.avro.CorruptException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/**
 * The two records that open an Avro RPC connection. The MD5 of its text identifies a protocol.
 *
 * @see <a href="https://avro.apache.org/docs/1.12.0/specification/#handshake">Avro: handshake</a>
 */
final class Handshake {
    private static final int HASH_BYTES = 16;

    /** A protocol's text is parsed into objects; Flume's texts have less than 1 KiB. */
    private static final int PROTOCOL_BYTES_MAX = 64 * 1024;

    private Handshake() {}

    /** The answers of Avro's {@code HandshakeMatch} enum, in its order. */
    enum Match { BOTH, CLIENT, NONE }

    /**
     * The client's record.
     *
     * @param clientProtocol the protocol's text, or null
     * @param serverHash the hash of the protocol that the client expects of the server
     */
    record Request(ByteBuffer clientHash, String clientProtocol, ByteBuffer serverHash) {
        static Request read(AvroReader in) throws CorruptException, ProtocolException {
            ByteBuffer clientHash = ByteBuffer.wrap(in.readFixed(HASH_BYTES));
            String clientProtocol = readProtocol(in);
            ByteBuffer serverHash = ByteBuffer.wrap(in.readFixed(HASH_BYTES));
            skipMeta(in);
            return new Request(clientHash, clientProtocol, serverHash);
        }

        void write(AvroWriter out) {
            out.writeFixed(clientHash.array());
            writeOptional(out, clientProtocol);
            out.writeFixed(serverHash.array());
            out.writeLong(0); // meta: null
        }
    }

    /**
     * The server's answer.
     *
     * @param serverProtocol the protocol's text, or null if the client knows it
     * @param serverHash the protocol's hash, or null if the client knows it
     */
    record Answer(Match match, String serverProtocol, ByteBuffer serverHash) {
        static Answer read(AvroReader in) throws CorruptException, ProtocolException {
            long match = in.readLong();
            if (match < 0 || match >= Match.values().length) {
                throw new ProtocolException("not an Avro handshake: match " + match);
            }
            String serverProtocol = readProtocol(in);
            ByteBuffer serverHash =
                    readOptional(in) ? ByteBuffer.wrap(in.readFixed(HASH_BYTES)) : null;
            skipMeta(in);
            return new Answer(Match.values()[(int) match], serverProtocol, serverHash);
        }

        void write(AvroWriter out) {
            out.writeLong(match.ordinal());
            writeOptional(out, serverProtocol);
            out.writeLong(serverHash == null ? 0 : 1);
            if (serverHash != null) {
                out.writeFixed(serverHash.array());
            }
            out.writeLong(0); // meta: null
        }
    }

    private static String readProtocol(AvroReader in) throws CorruptException, ProtocolException {
        if (!readOptional(in)) {
            return null;
        }
        int length = in.skipBytes();
        if (length > PROTOCOL_BYTES_MAX) {
            throw new ProtocolException(String.format("protocol of %,d bytes, the limit is %,d",
                    length, PROTOCOL_BYTES_MAX));
        }
        return new String(in.copySince(in.position() - length), StandardCharsets.UTF_8);
    }

    private static void skipMeta(AvroReader in) throws CorruptException, ProtocolException {
        if (readOptional(in)) {
            in.skipMap();
        }
    }

    private static boolean readOptional(AvroReader in)
            throws CorruptException, ProtocolException {
        long branch = in.readLong();
        if (branch != 0 && branch != 1) {
            throw new ProtocolException("not an Avro handshake: union branch " + branch);
        }
        return branch == 1;
    }

    private static void writeOptional(AvroWriter out, String text) {
        out.writeLong(text == null ? 0 : 1);
        if (text != null) {
            out.writeString(text);
        }
    }
}
