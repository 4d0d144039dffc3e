package io.pysparkflume.streaming;

import java.util.List;

/** Stores a batch's events, each as the bytes of its Avro record. */
interface EventStore {
    /** Returns once the events are stored safely; throws if they cannot be stored. */
    void store(List<byte[]> events) throws Exception;
}
