package io.pysparkflume.streaming;

import java.util.List;

/** Where a batch's events are kept, each the bytes of its Avro record. */
interface EventStore {
    /** Returns once they are safe; throws where they are not. */
    void store(List<byte[]> events) throws Exception;
}
