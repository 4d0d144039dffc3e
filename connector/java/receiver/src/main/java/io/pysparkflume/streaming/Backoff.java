package io.pysparkflume.streaming;

import java.util.concurrent.ThreadLocalRandom;

/** How long to wait before the next try: twice as long each time, and never for all at once. */
final class Backoff {
    private static final long FIRST_MILLIS = 100;
    private static final long LAST_MILLIS = 5_000;

    private long next = FIRST_MILLIS;

    /** The next delay in ms, its second half at random. */
    long nextMillis() {
        long delay = next / 2 + ThreadLocalRandom.current().nextLong(next / 2 + 1);
        next = Math.min(2 * next, LAST_MILLIS);
        return delay;
    }

    /** To be called after a success. */
    void reset() {
        next = FIRST_MILLIS;
    }
}
