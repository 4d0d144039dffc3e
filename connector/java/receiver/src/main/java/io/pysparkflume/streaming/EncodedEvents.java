package io.pysparkflume.streaming;

import java.util.List;

/**
 * A batch of events as bytes. Spark stores them by chunk: what it does for each element of a block
 * takes longer than reading an event.
 *
 * @param chunks in order; each has whole events, one after the other, and each event is the bytes of
 *     its Avro record
 * @param count the number of events in all chunks
 */
record EncodedEvents(List<byte[]> chunks, int count) {
    /** A chunk ends with the first event that makes it this large, or with its block in Avro. */
    static final int CHUNK_BYTES = 256 * 1024;

    static final EncodedEvents NONE = new EncodedEvents(List.of(), 0);
}
