package io.pysparkflume.streaming;

import java.io.ByteArrayOutputStream;
import java.util.Iterator;
import java.util.NoSuchElementException;
import org.apache.spark.api.java.JavaRDD;

/**
 * A micro-batch as Python reads it fast: a few partitions, events joined to large chunks.
 *
 * <p>The receiver makes a block, and Spark a task, for each batch of Flume's: hundreds a second,
 * where a task costs some milliseconds. And a Python worker reads one element at a time.
 */
final class EventChunks {
    private static final int CHUNK_BYTES = 256 * 1024;

    private EventChunks() {}

    /** Elements are then some events each, one behind the other, in order. */
    static JavaRDD<byte[]> of(JavaRDD<byte[]> events) {
        int cores = Math.max(1, events.context().defaultParallelism());
        JavaRDD<byte[]> few =
                events.getNumPartitions() > cores ? events.coalesce(cores) : events;
        return few.mapPartitions(Chunks::new);
    }

    private static final class Chunks implements Iterator<byte[]> {
        private final Iterator<byte[]> events;

        Chunks(Iterator<byte[]> events) {
            this.events = events;
        }

        @Override
        public boolean hasNext() {
            return events.hasNext();
        }

        @Override
        public byte[] next() {
            if (!events.hasNext()) {
                throw new NoSuchElementException();
            }
            ByteArrayOutputStream chunk = new ByteArrayOutputStream(CHUNK_BYTES);
            while (chunk.size() < CHUNK_BYTES && events.hasNext()) {
                chunk.writeBytes(events.next());
            }
            return chunk.toByteArray();
        }
    }
}
