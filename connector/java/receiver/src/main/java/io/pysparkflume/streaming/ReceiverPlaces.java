package io.pysparkflume.streaming;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.apache.spark.status.api.v1.ExecutorSummary;
import org.apache.spark.streaming.StreamingContext;
import org.apache.spark.streaming.dstream.InputDStream;
import org.apache.spark.streaming.scheduler.ReceiverInfo;
import org.apache.spark.streaming.scheduler.StreamingListener;
import org.apache.spark.streaming.scheduler.StreamingListenerBatchSubmitted;
import org.apache.spark.streaming.scheduler.StreamingListenerReceiverStarted;
import org.apache.spark.streaming.scheduler.StreamingListenerReceiverStopped;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import scala.jdk.javaapi.CollectionConverters;

/**
 * Says in the driver's log which worker a receiver is on, because Flume's sinks have to name it.
 *
 * <p>Spark chooses the worker of a receiver that listens on every address. Where no worker has the
 * name that a receiver is to listen on, Spark moves it from one to the next for ever, or, if there
 * are several receivers, refuses to start it, without a word at the level of warnings.
 */
final class ReceiverPlaces implements StreamingListener {
    private static final Logger LOG = LoggerFactory.getLogger(ReceiverPlaces.class);

    /** On a cluster of this many workers Spark may need as many moves. */
    private static final int MOVES_MAX = 8;

    /** A receiver that is to start does so within this time of the first batch. */
    private static final long START_NANOS_MAX = TimeUnit.SECONDS.toNanos(10);

    private final StreamingContext streaming;
    private final Map<Integer, Integer> moves = new ConcurrentHashMap<>();
    private final Set<Integer> started = ConcurrentHashMap.newKeySet();
    private final Set<Integer> warned = ConcurrentHashMap.newKeySet();
    private long firstBatchNanos;

    ReceiverPlaces(StreamingContext streaming) {
        this.streaming = streaming;
    }

    @Override
    public void onReceiverStarted(StreamingListenerReceiverStarted event) {
        ReceiverInfo info = event.receiverInfo();
        started.add(info.streamId());
        receiver(info.streamId()).filter(FlumeReceiver::listensOnEveryAddress).ifPresent(receiver ->
                LOG.warn("createStream on {}: Spark has chosen the worker {} for this receiver, so"
                        + " sinks have to send to {}:{}; pass the host name of a worker to choose"
                        + " it yourself", receiver.address(), info.location(), info.location(),
                        receiver.port()));
    }

    @Override
    public void onReceiverStopped(StreamingListenerReceiverStopped event) {
        ReceiverInfo info = event.receiverInfo();
        if (info.lastErrorMessage().contains(ListenFailure.ANOTHER_HOST)
                && moves.merge(info.streamId(), 1, Integer::sum) == MOVES_MAX) {
            warn(info.streamId());
        }
    }

    @Override
    public void onBatchSubmitted(StreamingListenerBatchSubmitted event) {
        if (firstBatchNanos == 0) {
            firstBatchNanos = System.nanoTime();
        } else if (System.nanoTime() - firstBatchNanos > START_NANOS_MAX) {
            Arrays.stream(streaming.graph().getReceiverInputStreams()).map(InputDStream::id)
                    .filter(stream -> !started.contains(stream)).forEach(this::warn);
        }
    }

    /** Warns, once, that no worker has the name on which the receiver of a stream is to listen. */
    private void warn(int stream) {
        receiver(stream).filter(receiver -> receiver.preferredLocation().isDefined())
                .filter(receiver -> !workers().contains(receiver.preferredLocation().get()))
                .filter(receiver -> warned.add(stream)).ifPresent(receiver ->
                        LOG.warn("createStream on {}: none of the workers {} has this address; pass"
                                + " the host name of one of them, or 0.0.0.0", receiver.address(),
                                String.join(", ", workers())));
    }

    /** The receiver of a stream, if it is one of ours and this is a cluster. */
    private Optional<FlumeReceiver> receiver(int id) {
        if (streaming.sparkContext().isLocal()) {
            return Optional.empty();
        }
        return Arrays.stream(streaming.graph().getReceiverInputStreams())
                .filter(stream -> stream.id() == id)
                .filter(FlumeInputDStream.class::isInstance)
                .map(stream -> ((FlumeInputDStream) stream).receiver())
                .filter(FlumeReceiver.class::isInstance).map(FlumeReceiver.class::cast)
                .findAny();
    }

    private List<String> workers() {
        return CollectionConverters.asJava(
                streaming.sparkContext().statusStore().executorList(true)).stream()
                .filter(executor -> !executor.id().equals("driver"))
                .map(ExecutorSummary::hostPort).map(place -> place.replaceAll(":\\d+$", ""))
                .distinct().sorted().toList();
    }
}
