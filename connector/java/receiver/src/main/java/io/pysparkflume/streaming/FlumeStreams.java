package io.pysparkflume.streaming;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.apache.spark.SparkConf;
import org.apache.spark.storage.StorageLevel;
import org.apache.spark.streaming.api.java.JavaDStream;
import org.apache.spark.streaming.api.java.JavaStreamingContext;
import org.apache.spark.streaming.dstream.DStream;
import org.apache.spark.streaming.receiver.Receiver;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The entry points that {@code pyspark_flume.FlumeUtils} calls. */
public final class FlumeStreams {
    private static final Logger LOG = LoggerFactory.getLogger(FlumeStreams.class);

    private static final String WRITE_AHEAD_LOG = "spark.streaming.receiver.writeAheadLog.enable";
    private static final String STALL_TIMEOUT = "spark.flume.stallTimeout";

    /** By default Flume gives up a call after 20 s, so a client that stalls longer is gone. */
    private static final String STALL_TIMEOUT_DEFAULT = "30s";

    /** Sockets take their time-outs in ms, as an int: 24 days. */
    private static final long STALL_SECONDS_LIMIT = Integer.MAX_VALUE / 1000;

    private FlumeStreams() {}

    /**
     * Creates a stream of the events that Flume's avro sinks push to {@code host:port}.
     *
     * @param decompress whether the sinks have {@code compression-type = deflate}
     * @return a stream of chunks: the bytes of several {@code AvroFlumeEvent}s, one after the other
     */
    public static JavaDStream<byte[]> createStream(JavaStreamingContext streaming, String host,
            int port, StorageLevel storageLevel, boolean decompress) {
        String worker =
                streaming.sparkContext().isLocal() || isEveryHosts(host) ? null : host;
        String place = "createStream on " + host + ":" + port;
        StorageLevel level = placed(streaming, storageLevel, place);
        return receive(streaming, new FlumeReceiver(host, port, level, decompress, worker), place);
    }

    /**
     * Creates a stream of the events that SparkSinks in Flume agents hand over.
     *
     * @param sinks unresolved addresses, at least one
     * @param batchSizeMax events in a batch
     * @param parallelism consumers of all sinks together; each sink has at least one
     * @return a stream of chunks: the bytes of several {@code AvroFlumeEvent}s, one after the other
     */
    public static JavaDStream<byte[]> createPollingStream(JavaStreamingContext streaming,
            List<InetSocketAddress> sinks, StorageLevel storageLevel, int batchSizeMax,
            int parallelism) {
        String place = "createPollingStream from "
                + sinks.stream().map(SinkPoller::name).collect(Collectors.joining(", "));
        StorageLevel level = placed(streaming, storageLevel, place);
        return receive(streaming, new FlumePollingReceiver(
                new ArrayList<>(sinks), level, batchSizeMax, parallelism), place);
    }

    /** Returns how long a peer may stall within a call: {@code spark.flume.stallTimeout}. */
    static int stallSecondsMax(SparkConf conf) {
        long seconds = conf.getTimeAsSeconds(STALL_TIMEOUT, STALL_TIMEOUT_DEFAULT);
        return (int) Math.max(1, Math.min(STALL_SECONDS_LIMIT, seconds));
    }

    private static JavaDStream<byte[]> receive(
            JavaStreamingContext streaming, Receiver<byte[]> receiver, String place) {
        DStream<byte[]> blocks = new FlumeInputDStream(streaming.ssc(), receiver, place);
        return JavaDStream.fromDStream(blocks, FlumeInputDStream.ELEMENTS)
                .transform(EventChunks::of);
    }

    /** Whether every worker has this address, like 0.0.0.0 and localhost. */
    private static boolean isEveryHosts(String host) {
        try {
            InetAddress address = InetAddress.getByName(host);
            return address.isAnyLocalAddress() || address.isLoopbackAddress();
        } catch (UnknownHostException e) {
            return false; // the worker may know it
        }
    }

    /**
     * Turns off replication in one process, where Spark would only warn about each block. Turns on
     * the disk if there is no write-ahead log: otherwise, when memory runs short, Spark would drop
     * blocks that were answered OK.
     */
    private static StorageLevel placed(
            JavaStreamingContext streaming, StorageLevel level, String place) {
        boolean isLogged = streaming.sparkContext().getConf().getBoolean(WRITE_AHEAD_LOG, false);
        boolean useDisk = level.useDisk() || !isLogged;
        if (useDisk != level.useDisk()) {
            LOG.warn("{}: with a storageLevel without disk Spark drops events that were answered OK"
                    + " when memory runs short, so they go to disk then; pass MEMORY_AND_DISK or"
                    + " set {}=true", place, WRITE_AHEAD_LOG);
        }
        int replication = streaming.sparkContext().isLocal() ? 1 : level.replication();
        return StorageLevel.apply(useDisk, level.useMemory(), level.useOffHeap(),
                level.deserialized(), replication);
    }
}
