package io.pysparkflume.streaming;

import java.io.ByteArrayOutputStream;
import java.io.Serializable;
import java.util.Arrays;
import java.util.Iterator;
import java.util.NoSuchElementException;
import org.apache.spark.Partition;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.rdd.PartitionCoalescer;
import org.apache.spark.rdd.PartitionGroup;
import org.apache.spark.rdd.RDD;
import scala.Option;

/**
 * Turns a micro-batch into a form that Python reads fast: few partitions, and large chunks.
 *
 * <p>For each Flume batch the receiver makes a block, and Spark a task. With hundreds of batches a
 * second that is too slow, because each task costs a few milliseconds and a Python worker reads one
 * element at a time.
 */
final class EventChunks {
    private EventChunks() {}

    /** Returns an RDD with the same bytes in fewer partitions and elements, in order. */
    static JavaRDD<byte[]> of(JavaRDD<byte[]> events) {
        int cores = Math.max(1, events.context().defaultParallelism());
        JavaRDD<byte[]> few = events;
        if (events.getNumPartitions() > cores) {
            few = JavaRDD.fromRDD(
                    events.rdd().coalesce(cores, false, Option.apply(new Runs()), null),
                    events.classTag());
        }
        return few.mapPartitions(Chunks::new);
    }

    /**
     * Groups consecutive partitions. Spark's own coalescer groups them by location, which would
     * change the order of events.
     */
    static final class Runs implements PartitionCoalescer, Serializable {
        private static final long serialVersionUID = 1L;

        @Override
        public PartitionGroup[] coalesce(int groups, RDD<?> parent) {
            Partition[] partitions = parent.partitions();
            PartitionGroup[] runs = new PartitionGroup[groups];
            for (int i = 0; i < groups; i++) {
                int start = start(i, groups, partitions.length);
                int end = start(i + 1, groups, partitions.length);
                // All blocks of a receiver are where it runs, so the first location is enough.
                runs[i] = new PartitionGroup(
                        parent.preferredLocations(partitions[start]).headOption());
                for (Partition partition : Arrays.asList(partitions).subList(start, end)) {
                    runs[i].partitions().addOne(partition);
                }
            }
            return runs;
        }

        private static int start(int group, int groups, int partitions) {
            return (int) ((long) group * partitions / groups);
        }
    }

    static final class Chunks implements Iterator<byte[]> {
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
            ByteArrayOutputStream chunk = new ByteArrayOutputStream(EncodedEvents.CHUNK_BYTES);
            while (chunk.size() < EncodedEvents.CHUNK_BYTES && events.hasNext()) {
                chunk.writeBytes(events.next());
            }
            return chunk.toByteArray();
        }
    }
}
