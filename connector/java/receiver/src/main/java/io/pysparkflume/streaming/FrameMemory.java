package io.pysparkflume.streaming;

import java.util.concurrent.TimeUnit;

/**
 * A receiver's memory budget in bytes, for the frames of all its connections.
 *
 * <p>A frame's size is not known until its last buffer begins, so frames that wait for memory may
 * hold what the others need. So one frame at a time, the favoured one, may exceed the budget.
 */
final class FrameMemory {
    private long free;
    private FrameReader favoured;

    /** @param bytes the budget; the favoured frame may take more */
    FrameMemory(long bytes) {
        free = bytes;
    }

    /** Creates a budget of a quarter of the heap, but of at least two frames. */
    static FrameMemory ofHeap() {
        return new FrameMemory(Math.max(
                2L * FrameReader.FRAME_BYTES_MAX, Runtime.getRuntime().maxMemory() / 4));
    }

    /**
     * Takes bytes for a frame that is being read.
     *
     * @return false if they did not become free within {@code secondsMax}
     */
    synchronized boolean take(FrameReader frame, int bytes, int secondsMax)
            throws InterruptedException {
        if (Thread.interrupted()) {
            throw new InterruptedException();
        }
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(secondsMax);
        while (bytes > free && favoured != null && favoured != frame) {
            long left = end - System.nanoTime();
            if (left <= 0) {
                return false;
            }
            TimeUnit.NANOSECONDS.timedWait(this, left);
        }
        if (bytes > free) {
            favoured = frame;
        }
        free -= bytes;
        return true;
    }

    /** Gives back all bytes of a frame. */
    synchronized void give(FrameReader frame, int bytes) {
        free += bytes;
        if (favoured == frame) {
            favoured = null;
        }
        notifyAll();
    }

    synchronized long free() {
        return free;
    }
}
