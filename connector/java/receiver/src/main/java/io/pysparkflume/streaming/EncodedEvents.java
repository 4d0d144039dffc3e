package io.pysparkflume.streaming;

import io.pysparkflume.avro.AvroReader;
import io.pysparkflume.avro.CorruptException;
import java.util.ArrayList;
import java.util.List;

/**
 * A batch of events as bytes. Spark stores them by chunk: what it does for each element of a block
 * takes longer than reading an event.
 *
 * <p>An event is Avro's record {@code headers map<string>, body bytes}.
 *
 * @param chunks in order; each has the bytes of whole events, one after the other
 * @param count the number of events in all chunks
 */
record EncodedEvents(List<byte[]> chunks, int count) {
    /** A chunk ends with the first event that makes it this large, or with its block in Avro. */
    static final int CHUNK_BYTES = 256 * 1024;

    /** An empty event has 2 bytes on the wire, but is an object in Python. */
    static final int BATCH_EVENTS_MAX = 1_000_000;

    static final EncodedEvents NONE = new EncodedEvents(List.of(), 0);

    static EncodedEvents readOne(AvroReader in) throws CorruptException {
        int start = in.position();
        skipEvent(in);
        return new EncodedEvents(List.of(in.copySince(start)), 1);
    }

    /** Reads an array of at most {@link #BATCH_EVENTS_MAX} events. */
    static EncodedEvents readArray(AvroReader in) throws CorruptException, ProtocolException {
        List<byte[]> chunks = new ArrayList<>();
        long events = 0;
        for (long count = in.readBlockCount(); count != 0; count = in.readBlockCount()) {
            events += count;
            if (events > BATCH_EVENTS_MAX) {
                throw new ProtocolException(String.format(
                        "batch of at least %,d events, the limit is %,d",
                        events, BATCH_EVENTS_MAX));
            }
            int start = in.position();
            for (; count > 0; count--) {
                skipEvent(in);
                if (in.position() - start >= CHUNK_BYTES) {
                    chunks.add(in.copySince(start));
                    start = in.position();
                }
            }
            if (in.position() > start) {
                chunks.add(in.copySince(start));
            }
        }
        return new EncodedEvents(chunks, (int) events);
    }

    private static void skipEvent(AvroReader in) throws CorruptException {
        in.skipMap();
        in.skipBytes();
    }
}
