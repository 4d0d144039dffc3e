package io.pysparkflume.streaming;

import io.pysparkflume.avro.AvroReader;
import io.pysparkflume.avro.CorruptException;
import io.pysparkflume.streaming.Handshake.Match;
import java.nio.ByteBuffer;
import org.apache.avro.Protocol;

/**
 * The client's side of {@code SparkFlumeProtocol}, with which a SparkSink hands over the events of
 * a Flume channel. It does no I/O: the bytes of calls go out, the bytes of their answers come in.
 *
 * <p>An event is not decoded. Its record has the layout of an {@code AvroFlumeEvent}, and is kept
 * as bytes.
 */
final class SinkProtocol {
    static final Protocol PROTOCOL = Protocol.parse("""
            {"protocol": "SparkFlumeProtocol",
             "namespace": "org.apache.spark.streaming.flume.sink",
             "types": [
               {"type": "record", "name": "SparkSinkEvent", "fields": [
                 {"name": "headers", "type": {"type": "map", "values": "string"}},
                 {"name": "body", "type": "bytes"}]},
               {"type": "record", "name": "EventBatch", "fields": [
                 {"name": "errorMsg", "type": "string", "default": ""},
                 {"name": "sequenceNumber", "type": "string"},
                 {"name": "events", "type": {"type": "array", "items": "SparkSinkEvent"}}]}],
             "messages": {
               "getEventBatch": {"request": [{"name": "n", "type": "int"}],
                                 "response": "EventBatch"},
               "ack": {"request": [{"name": "sequenceNumber", "type": "string"}],
                       "response": "null"},
               "nack": {"request": [{"name": "sequenceNumber", "type": "string"}],
                        "response": "null"}}}
            """);

    private static final ByteBuffer PROTOCOL_HASH = ByteBuffer.wrap(PROTOCOL.getMD5());

    /** The sink's error text goes into one log line, so it must be short. */
    private static final int ERROR_CHARS_MAX = 300;

    private SinkProtocol() {}

    /**
     * The events of one transaction of a sink's channel, which is open until the ack or nack.
     *
     * @param events chunks of the bytes of {@code SparkSinkEvent}s
     */
    record EventBatch(String sequenceNumber, EncodedEvents events) {}

    /** Makes the handshake, with Avro's ping as its call, to check the server before any poll. */
    static byte[] handshake() {
        AvroWriter out = new AvroWriter();
        // Because the text is sent, a sink of any version needs no second handshake.
        new Handshake.Request(PROTOCOL_HASH, PROTOCOL.toString(), PROTOCOL_HASH).write(out);
        return call(out, "").toByteArray();
    }

    /**
     * Reads the answer to {@link #handshake}, and ignores further bytes: some servers also answer
     * the ping.
     */
    static void readHandshake(byte[] answer) throws ProtocolException {
        AvroReader in = new AvroReader(answer);
        Handshake.Answer server;
        try {
            server = Handshake.Answer.read(in);
        } catch (CorruptException e) {
            throw ProtocolException.corrupt(in, e);
        }
        if (server.match() == Match.NONE) {
            throw new ProtocolException("the sink does not accept " + PROTOCOL.getName());
        }
        if (server.serverProtocol() != null) {
            ProtocolLayout.requireSame(
                    PROTOCOL, server.serverProtocol(), "the sink", "a Flume SparkSink");
        }
    }

    static byte[] getEventBatch(int eventsMax) {
        return call(new AvroWriter(), "getEventBatch").writeLong(eventsMax).toByteArray();
    }

    static byte[] ack(String sequenceNumber) {
        return call(new AvroWriter(), "ack").writeString(sequenceNumber).toByteArray();
    }

    static byte[] nack(String sequenceNumber) {
        return call(new AvroWriter(), "nack").writeString(sequenceNumber).toByteArray();
    }

    /**
     * Reads the answer to {@link #getEventBatch}.
     *
     * @throws SinkErrorException there is no batch and nothing to ack
     */
    static EventBatch readEventBatch(byte[] answer) throws ProtocolException, SinkErrorException {
        AvroReader in = new AvroReader(answer);
        try {
            readHead(in);
            String error = in.readString();
            String sequenceNumber = in.readString();
            EncodedEvents events = EncodedEvents.readArray(in);
            requireEnd(in);
            if (!error.isEmpty()) {
                throw new SinkErrorException(ProtocolException.printable(error, ERROR_CHARS_MAX));
            }
            return new EventBatch(sequenceNumber, events);
        } catch (CorruptException e) {
            throw ProtocolException.corrupt(in, e);
        }
    }

    /** Reads the answer to {@link #ack} or {@link #nack}. */
    static void readDone(byte[] answer) throws ProtocolException, SinkErrorException {
        AvroReader in = new AvroReader(answer);
        try {
            readHead(in);
        } catch (CorruptException e) {
            throw ProtocolException.corrupt(in, e);
        }
        requireEnd(in);
    }

    private static AvroWriter call(AvroWriter out, String message) {
        return out.writeLong(0).writeString(message); // metadata: an empty map
    }

    private static void readHead(AvroReader in) throws CorruptException, SinkErrorException {
        in.skipMap();
        long failed = in.readLong(); // a boolean: its bytes read as 0 or -1
        if (failed != 0) {
            in.readLong(); // the union of errors has one branch, a string
            throw new SinkErrorException(
                    ProtocolException.printable(in.readString(), ERROR_CHARS_MAX));
        }
    }

    private static void requireEnd(AvroReader in) throws ProtocolException {
        if (in.remaining() != 0) {
            throw new ProtocolException(in.remaining() + " bytes too many after the answer");
        }
    }
}
