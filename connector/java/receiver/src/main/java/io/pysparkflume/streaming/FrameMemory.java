package io.pysparkflume.streaming;

import java.util.concurrent.TimeUnit;

/**
 * Bytes that the frames of all of a receiver's connections may hold together.
 *
 * <p>A frame's size is not known until its last buffer has begun, so those who wait may hold what
 * each of them needs. Therefore one frame at a time, the favoured, goes on whatever it takes.
 */
final class FrameMemory {
    private long free;
    private FrameReader favoured;

    /** @param bytes without those of the favoured frame */
    FrameMemory(long bytes) {
        free = bytes;
    }

    /** A quarter of the heap, two frames at least. */
    static FrameMemory ofHeap() {
        return new FrameMemory(Math.max(
                2L * FrameReader.FRAME_BYTES_MAX, Runtime.getRuntime().maxMemory() / 4));
    }

    /**
     * Takes bytes for a connection's frame under way.
     *
     * @return false if there were none for so long
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

    /** Gives a whole frame's bytes back. */
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
