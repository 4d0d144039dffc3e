package org.apache.spark.streaming.flume.sink;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.ProtocolException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.apache.avro.Protocol;
import org.apache.avro.Schema;
import org.apache.avro.SchemaNormalization;
import org.apache.avro.io.BinaryDecoder;
import org.apache.avro.io.BinaryEncoder;
import org.apache.avro.io.DecoderFactory;
import org.apache.avro.io.EncoderFactory;
import org.apache.flume.Event;

/**
 * The sink's side of {@code SparkFlumeProtocol} on one connection, without I/O: the bytes of a call
 * in, the bytes of the answer out.
 *
 * <p>Avro has a class for this, {@code Responder}. It allocates whatever length a call claims, and
 * needs an object for each event.
 *
 * @see <a href="https://avro.apache.org/docs/1.11.4/specification/#protocol-wire-format">Avro:
 *     protocol wire format</a>
 */
final class SparkFlumeProtocol {
    /** Exactly Spark 2.4's own text, so its consumers need no second handshake. */
    static final Protocol PROTOCOL = load();

    private static final byte[] HASH = PROTOCOL.getMD5();

    enum Message { GREETING, GET_EVENT_BATCH, ACK, NACK }

    /**
     * A call that has been read.
     *
     * @param message GREETING asks for nothing; the answer is only the handshake
     * @param eventsMax the parameter of GET_EVENT_BATCH
     * @param sequenceNumber the parameter of ACK and NACK
     * @param handshake the first bytes of the answer; empty after the first call
     */
    record Call(Message message, int eventsMax, String sequenceNumber, byte[] handshake) {
        void answerEvents(OutputStream out, String sequenceNumber, List<Event> events)
                throws IOException {
            BinaryEncoder encoder = answer(out, false);
            encoder.writeString("");
            encoder.writeString(sequenceNumber);
            encoder.writeArrayStart();
            encoder.setItemCount(events.size());
            for (Event event : events) {
                encoder.startItem();
                writeHeaders(encoder, event.getHeaders());
                encoder.writeBytes(Objects.requireNonNullElse(event.getBody(), new byte[0]));
            }
            encoder.writeArrayEnd();
            encoder.flush();
        }

        /** Answers with an error batch: the consumer acknowledges nothing and polls again. */
        void answerErrorBatch(OutputStream out, String reason) throws IOException {
            BinaryEncoder encoder = answer(out, false);
            encoder.writeString(reason);
            encoder.writeString("");
            encoder.writeArrayStart();
            encoder.setItemCount(0);
            encoder.writeArrayEnd();
            encoder.flush();
        }

        /** Answers an ACK or a NACK, once it is done. */
        void answerNull(OutputStream out) throws IOException {
            answer(out, false).flush();
        }

        /** Answers with an Avro error, which the consumer's library throws as an exception. */
        void answerFailure(OutputStream out, String reason) throws IOException {
            BinaryEncoder encoder = answer(out, true);
            encoder.writeIndex(0); // every message's errors: union {string}
            encoder.writeString(reason);
            encoder.flush();
        }

        private BinaryEncoder answer(OutputStream out, boolean failure) throws IOException {
            out.write(handshake);
            BinaryEncoder encoder = EncoderFactory.get().directBinaryEncoder(out, null);
            encoder.writeMapStart(); // metadata
            encoder.setItemCount(0);
            encoder.writeMapEnd();
            encoder.writeBoolean(failure);
            return encoder;
        }
    }

    private boolean connected;

    /**
     * Reads one call.
     *
     * @throws IOException the bytes are not a call of this protocol; the connection can no longer
     *     be used
     */
    Call read(byte[] payload) throws IOException {
        BinaryDecoder in = DecoderFactory.get().binaryDecoder(payload, null);
        byte[] handshake = new byte[0];
        if (!connected) {
            handshake = shakeHands(in, payload.length);
            // If not connected, the client sends the call again, with its protocol.
            if (!connected || in.isEnd()) {
                return new Call(Message.GREETING, 0, "", handshake);
            }
        }
        requireNoMetadata(in);
        String name = readString(in, payload.length);
        Call call = switch (name) {
            case "" -> new Call(Message.GREETING, 0, "", handshake); // Avro's ping
            case "getEventBatch" -> new Call(Message.GET_EVENT_BATCH, in.readInt(), "", handshake);
            case "ack" -> new Call(Message.ACK, 0, readString(in, payload.length), handshake);
            case "nack" -> new Call(Message.NACK, 0, readString(in, payload.length), handshake);
            default -> throw new ProtocolException(
                    "unknown call '" + printable(name) + "', expected getEventBatch, ack or nack");
        };
        if (!in.isEnd()) {
            throw new ProtocolException("bytes too many after the call '" + name + "'");
        }
        return call;
    }

    private byte[] shakeHands(BinaryDecoder in, int lengthMax) throws IOException {
        byte[] clientHash = readHash(in);
        String clientText = in.readIndex() == 1 ? readString(in, lengthMax) : null;
        byte[] serverHash = readHash(in);
        if (in.readIndex() == 1) {
            requireNoMetadata(in);
        }
        if (Arrays.equals(clientHash, HASH)) {
            connected = true;
        } else if (clientText != null) {
            requireSameProtocol(clientText);
            connected = true;
        }
        return answerHandshake(!connected ? Match.NONE
                : Arrays.equals(serverHash, HASH) ? Match.BOTH : Match.CLIENT);
    }

    /** The answers of Avro's {@code HandshakeMatch} enum, in its order. */
    private enum Match { BOTH, CLIENT, NONE }

    private static byte[] answerHandshake(Match match) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        BinaryEncoder encoder = EncoderFactory.get().directBinaryEncoder(out, null);
        encoder.writeEnum(match.ordinal());
        if (match == Match.BOTH) {
            encoder.writeIndex(0); // server protocol: null
            encoder.writeIndex(0); // server hash: null
        } else {
            encoder.writeIndex(1);
            encoder.writeString(PROTOCOL.toString());
            encoder.writeIndex(1);
            encoder.writeFixed(HASH);
        }
        encoder.writeIndex(0); // meta: null
        encoder.flush();
        return out.toByteArray();
    }

    private static byte[] readHash(BinaryDecoder in) throws IOException {
        byte[] hash = new byte[HASH.length];
        in.readFixed(hash);
        return hash;
    }

    /** Like the decoder's own readString, which allocates before it checks the length. */
    private static String readString(BinaryDecoder in, int lengthMax) throws IOException {
        long length = in.readLong();
        if (length < 0 || length > lengthMax) {
            throw new ProtocolException(String.format(
                    "a string of %,d bytes in a call of %,d", length, lengthMax));
        }
        byte[] bytes = new byte[(int) length];
        in.readFixed(bytes);
        return new String(bytes, StandardCharsets.UTF_8);
    }

    /** Refuses metadata, which is for plugins of Avro's RPC library; a consumer has none. */
    private static void requireNoMetadata(BinaryDecoder in) throws IOException {
        if (in.readLong() != 0) {
            throw new ProtocolException("a call with metadata, expected none");
        }
    }

    /** Requires exactly our layout, because calls and events are read and written by hand. */
    private static void requireSameProtocol(String text) throws ProtocolException {
        Protocol client;
        try {
            client = Protocol.parse(text);
        } catch (RuntimeException e) {
            // Catch any RuntimeException: Avro's parser does not check the types in the JSON.
            throw new ProtocolException("the client's protocol is not valid: "
                    + printable(String.valueOf(e.getMessage())));
        }
        for (Map.Entry<String, Protocol.Message> ours : PROTOCOL.getMessages().entrySet()) {
            Protocol.Message theirs = client.getMessages().get(ours.getKey());
            if (theirs == null || !layout(theirs).equals(layout(ours.getValue()))) {
                throw new ProtocolException("the client's " + printable(client.getName())
                        + " has another " + ours.getKey()
                        + ", expected SparkFlumeProtocol (Spark's polling stream)");
            }
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

    private static void writeHeaders(BinaryEncoder encoder, Map<String, String> headers)
            throws IOException {
        Map<String, String> present = Objects.requireNonNullElse(headers, Map.of());
        encoder.writeMapStart();
        encoder.setItemCount(present.size());
        for (Map.Entry<String, String> header : present.entrySet()) {
            encoder.startItem();
            encoder.writeString(Objects.requireNonNullElse(header.getKey(), ""));
            encoder.writeString(Objects.requireNonNullElse(header.getValue(), ""));
        }
        encoder.writeMapEnd();
    }

    /** Returns a client's text for a log line: without line breaks, and not too long. */
    private static String printable(String text) {
        String safe = text.replaceAll("[^\\x20-\\x7e]", "?");
        return safe.length() <= 60 ? safe : safe.substring(0, 60) + "…";
    }

    private static Protocol load() {
        try (InputStream text =
                SparkFlumeProtocol.class.getResourceAsStream("SparkFlumeProtocol.avpr")) {
            return Protocol.parse(text);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
