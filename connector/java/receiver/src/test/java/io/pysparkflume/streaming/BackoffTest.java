package io.pysparkflume.streaming;

import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class BackoffTest {
    private final Backoff backoff = new Backoff();

    @Test
    void delaysDoubleUpToFiveSecondsAndHalfOfEachIsRandom() {
        for (int whole : new int[] {100, 200, 400, 800, 1600, 3200, 5000, 5000}) {
            assertNextWithin(whole / 2, whole);
        }
    }

    @Test
    void aResetStartsAgainWithTheShortestDelay() {
        backoff.nextMillis();
        backoff.nextMillis();

        backoff.reset();

        assertNextWithin(50, 100);
    }

    private void assertNextWithin(long least, long most) {
        long delay = backoff.nextMillis();
        assertTrue(least <= delay && delay <= most, delay + " ms, expected " + least + "…" + most);
    }
}
