package io.pysparkflume.flume;

import org.apache.flume.serialization.PositionTracker;

/** A stand-in for the position file. */
final class MemoryPosition implements PositionTracker {
    long stored;

    @Override
    public void storePosition(long position) {
        stored = position;
    }

    @Override
    public long getPosition() {
        return stored;
    }

    @Override
    public String getTarget() {
        throw new UnsupportedOperationException();
    }

    @Override
    public void close() {}
}
