package io.pysparkflume.streaming;

/** Stores a batch's events. */
interface EventStore {
    /** Returns once the events are stored safely; throws if they cannot be stored. */
    void store(EncodedEvents events) throws Exception;
}
