package io.pysparkflume.streaming;

import java.io.ByteArrayOutputStream;
import java.io.Serializable;
import java.util.Arrays;
import java.util.Iterator;
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

    /** Returns an RDD with the same bytes in few partitions and large elements, in order. */
    static JavaRDD<byte[]> of(JavaRDD<byte[]> chunks) {
        int cores = Math.max(1, chunks.context().defaultParallelism());
        JavaRDD<byte[]> few = chunks;
        if (chunks.getNumPartitions() > cores) {
            few = JavaRDD.fromRDD(
                    chunks.rdd().coalesce(cores, false, Option.apply(new Runs()), null),
                    chunks.classTag());
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
        private final Iterator<byte[]> chunks;

        Chunks(Iterator<byte[]> chunks) {
            this.chunks = chunks;
        }

        @Override
        public boolean hasNext() {
            return chunks.hasNext();
        }

        @Override
        public byte[] next() {
            byte[] first = chunks.next();
            if (first.length >= EncodedEvents.CHUNK_BYTES || !chunks.hasNext()) {
                return first;
            }
            ByteArrayOutputStream chunk = new ByteArrayOutputStream(2 * EncodedEvents.CHUNK_BYTES);
            chunk.writeBytes(first);
            while (chunk.size() < EncodedEvents.CHUNK_BYTES && chunks.hasNext()) {
                chunk.writeBytes(chunks.next());
            }
            return chunk.toByteArray();
        }
    }
}
