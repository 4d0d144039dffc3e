package io.pysparkflume.streaming;

import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import org.apache.spark.status.api.v1.ExecutorSummary;
import org.apache.spark.streaming.StreamingContext;
import org.apache.spark.streaming.scheduler.ReceiverInfo;
import org.apache.spark.streaming.scheduler.StreamingListener;
import org.apache.spark.streaming.scheduler.StreamingListenerReceiverStarted;
import org.apache.spark.streaming.scheduler.StreamingListenerReceiverStopped;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import scala.jdk.javaapi.CollectionConverters;

/**
 * Says in the driver's log which worker a receiver is on, because Flume's sinks have to name it.
 *
 * <p>Spark chooses the worker of a receiver that listens on every address. A receiver with a host
 * name moves from worker to worker until one has that name, which may be none.
 */
final class ReceiverPlaces implements StreamingListener {
    private static final Logger LOG = LoggerFactory.getLogger(ReceiverPlaces.class);

    /** On a cluster of this many workers Spark may need as many moves. */
    private static final int MOVES_MAX = 8;

    private final StreamingContext streaming;
    private final Map<Integer, Integer> moves = new ConcurrentHashMap<>();

    ReceiverPlaces(StreamingContext streaming) {
        this.streaming = streaming;
    }

    @Override
    public void onReceiverStarted(StreamingListenerReceiverStarted started) {
        ReceiverInfo info = started.receiverInfo();
        receiver(info).filter(FlumeReceiver::listensOnEveryAddress).ifPresent(receiver ->
                LOG.warn("createStream on {}: Spark has chosen the worker {} for this receiver, so"
                        + " sinks have to send to {}:{}; pass the host name of a worker to choose"
                        + " it yourself", receiver.address(), info.location(), info.location(),
                        receiver.port()));
    }

    @Override
    public void onReceiverStopped(StreamingListenerReceiverStopped stopped) {
        ReceiverInfo info = stopped.receiverInfo();
        if (info.lastErrorMessage().contains(ListenFailure.ANOTHER_HOST)
                && moves.merge(info.streamId(), 1, Integer::sum) == MOVES_MAX) {
            receiver(info).ifPresent(receiver ->
                    LOG.warn("createStream on {}: none of the workers {} has this address; pass the"
                            + " host name of one of them, or 0.0.0.0", receiver.address(),
                            workers()));
        }
    }

    /** The receiver of a stream of ours, in a cluster. */
    private Optional<FlumeReceiver> receiver(ReceiverInfo info) {
        if (streaming.sparkContext().isLocal()) {
            return Optional.empty();
        }
        return Arrays.stream(streaming.graph().getReceiverInputStreams())
                .filter(stream -> stream.id() == info.streamId())
                .filter(FlumeInputDStream.class::isInstance)
                .map(stream -> ((FlumeInputDStream) stream).receiver())
                .filter(FlumeReceiver.class::isInstance).map(FlumeReceiver.class::cast)
                .findAny();
    }

    private String workers() {
        return CollectionConverters.asJava(
                streaming.sparkContext().statusStore().executorList(true)).stream()
                .filter(executor -> !executor.id().equals("driver"))
                .map(ExecutorSummary::hostPort).map(place -> place.replaceAll(":\\d+$", ""))
                .distinct().sorted().collect(Collectors.joining(", "));
    }
}
