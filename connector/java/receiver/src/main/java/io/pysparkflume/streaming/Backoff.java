package io.pysparkflume.streaming;

import java.util.concurrent.ThreadLocalRandom;

/** Delays before the next try: they double each time, and vary so that not all try at once. */
final class Backoff {
    private static final long FIRST_MILLIS = 100;
    private static final long LAST_MILLIS = 5_000;

    private long next = FIRST_MILLIS;

    /** Returns the next delay in ms: at least half of it is fixed, the rest is random. */
    long nextMillis() {
        long delay = next / 2 + ThreadLocalRandom.current().nextLong(next / 2 + 1);
        next = Math.min(2 * next, LAST_MILLIS);
        return delay;
    }

    /** Starts again with the shortest delay; call it after a success. */
    void reset() {
        next = FIRST_MILLIS;
    }
}
