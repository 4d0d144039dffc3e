package io.pysparkflume.streaming;

import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.apache.spark.rdd.RDD;
import org.apache.spark.storage.StorageLevel;
import org.apache.spark.streaming.Duration;
import org.apache.spark.streaming.StreamingContext;
import org.apache.spark.streaming.Time;
import org.apache.spark.streaming.dstream.DStream;
import org.apache.spark.streaming.dstream.ReceiverInputDStream;
import org.apache.spark.streaming.receiver.Receiver;
import org.apache.spark.streaming.scheduler.JobScheduler;
import org.apache.spark.streaming.scheduler.ReceivedBlockInfo;
import org.apache.spark.streaming.scheduler.StreamInputInfo;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import scala.Option;
import scala.collection.immutable.Seq;
import scala.jdk.javaapi.CollectionConverters;
import scala.reflect.ClassTag;
import scala.reflect.ClassTag$;

/**
 * The input stream of a Flume receiver. It keeps the blocks of each batch until that batch is done.
 *
 * <p>Once a batch is done, Spark deletes the blocks and the write-ahead log of every batch that is
 * older by at least the remember duration. With {@code spark.streaming.concurrentJobs} above 1
 * batches overtake each other, so some of these still run, and a batch that runs again after a kill
 * would find nothing. So the remember duration of this stream reaches back to the oldest batch that
 * is not done.
 */
public final class FlumeInputDStream extends ReceiverInputDStream<byte[]> {
    private static final long serialVersionUID = 1L;
    private static final Logger LOG = LoggerFactory.getLogger(FlumeInputDStream.class);
    static final ClassTag<byte[]> ELEMENTS = ClassTag$.MODULE$.apply(byte[].class);

    private final Receiver<byte[]> receiver;
    private final String place;

    private transient ProgramCheck check;
    /** The time in ms of the batch after which Spark is clearing up; 0 before the first one. */
    private transient long doneMillis;

    /** @param place what the receiver reads from, as log lines name it */
    FlumeInputDStream(StreamingContext streaming, Receiver<byte[]> receiver, String place) {
        super(streaming, ELEMENTS);
        this.receiver = receiver;
        this.place = place;
        check();
    }

    /** Spark calls this once at each start of the program, when all its outputs are known. */
    @Override
    public Receiver<byte[]> getReceiver() {
        if (isRead()) {
            return receiver;
        }
        LOG.warn("{}: no output operation reads this stream, so it receives nothing and Flume keeps"
                + " its events; call pprint() or foreachRDD() on it, or remove it", place);
        return new IdleReceiver(receiver.storageLevel());
    }

    /**
     * Does what Spark does, but counts events. To Spark an element would be a record, and ours has
     * many events: its Streaming tab and its backpressure would be wrong.
     */
    @Override
    public Option<RDD<byte[]>> compute(Time time) {
        check(); // a program that continues from a checkpoint has not called the constructor
        if (time.less(graph().startTime())) {
            return super.compute(time); // no block can belong to it
        }
        JobScheduler scheduler = ssc().scheduler();
        Seq<ReceivedBlockInfo> blocks = scheduler.receiverTracker().getBlocksOfBatch(time)
                .getOrElse(id(), FlumeInputDStream::noBlocks);
        long events = CollectionConverters.asJava(blocks).stream()
                .mapToLong(FlumeInputDStream::events).sum();
        scheduler.inputInfoTracker().reportInfo(time, new StreamInputInfo(id(), events,
                StreamInputInfo.apply$default$3()));
        return Option.apply(createBlockRDD(time, blocks));
    }

    private static Seq<ReceivedBlockInfo> noBlocks() {
        return CollectionConverters.asScala(List.<ReceivedBlockInfo>of()).toSeq();
    }

    /**
     * The receivers give the number of events as a block's metadata. A receiver of an earlier jar
     * gives none; there a record is an event.
     */
    private static long events(ReceivedBlockInfo block) {
        Option<Object> events =
                block.metadataOption().isDefined() ? block.metadataOption() : block.numRecords();
        return events.isEmpty() ? 0 : ((Number) events.get()).longValue();
    }

    @Override
    public void clearMetadata(Time time) {
        doneMillis = time.milliseconds();
        super.clearMetadata(time);
    }

    @Override
    public void clearCheckpointData(Time time) {
        doneMillis = time.milliseconds();
        super.clearCheckpointData(time);
    }

    @Override
    public Duration rememberDuration() {
        Duration duration = super.rememberDuration();
        if (duration == null || doneMillis == 0) {
            return duration;
        }
        long late = doneMillis - check().oldestUnfinishedMillis();
        // Add one slide, because a block may have been written just before its batch.
        return late <= 0 ? duration : duration.plus(slideDuration()).plus(new Duration(late));
    }

    Receiver<byte[]> receiver() {
        return receiver;
    }

    private boolean isRead() {
        return Arrays.stream(ssc().graph().getOutputStreams()).anyMatch(this::isReadBy);
    }

    private boolean isReadBy(DStream<?> stream) {
        return stream == this || CollectionConverters.asJava(stream.dependencies()).stream()
                .anyMatch(this::isReadBy);
    }

    /** Returns the one check that all Flume streams of a program share. */
    private ProgramCheck check() {
        if (check == null) {
            check = streamsOf(ssc()).map(stream -> stream.check).filter(Objects::nonNull)
                    .findFirst().orElseGet(() -> ProgramCheck.addTo(ssc()));
        }
        return check;
    }

    private static Stream<FlumeInputDStream> streamsOf(StreamingContext streaming) {
        return Arrays.stream(streaming.graph().getReceiverInputStreams())
                .filter(FlumeInputDStream.class::isInstance).map(FlumeInputDStream.class::cast);
    }

    /** Replaces a receiver whose events nothing would read. */
    private static final class IdleReceiver extends Receiver<byte[]> {
        private static final long serialVersionUID = 1L;

        IdleReceiver(StorageLevel storageLevel) {
            super(storageLevel);
        }

        @Override
        public void onStart() {}

        @Override
        public void onStop() {}
    }
}
