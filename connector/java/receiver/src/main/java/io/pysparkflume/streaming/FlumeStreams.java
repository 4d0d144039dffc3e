package io.pysparkflume.streaming;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.List;
import org.apache.spark.SparkConf;
import org.apache.spark.storage.StorageLevel;
import org.apache.spark.streaming.api.java.JavaDStream;
import org.apache.spark.streaming.api.java.JavaStreamingContext;
import org.apache.spark.streaming.receiver.Receiver;

/** The entry points that {@code pyspark_flume.FlumeUtils} calls. */
public final class FlumeStreams {
    private static final String STALL_TIMEOUT = "spark.flume.stallTimeout";

    /** By default Flume gives a call up after 20 s: a client that stalls longer is gone. */
    private static final String STALL_TIMEOUT_DEFAULT = "30s";

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
        return receive(streaming, new FlumeReceiver(
                host, port, placed(streaming, storageLevel), decompress, worker));
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
        StorageLevel level = placed(streaming, storageLevel);
        return receive(streaming, new FlumePollingReceiver(
                new ArrayList<>(sinks), level, batchSizeMax, parallelism));
    }

    /** Returns how long a peer may stall within a call: {@code spark.flume.stallTimeout}. */
    static int stallSecondsMax(SparkConf conf) {
        return Math.max(1, (int) conf.getTimeAsSeconds(STALL_TIMEOUT, STALL_TIMEOUT_DEFAULT));
    }

    private static JavaDStream<byte[]> receive(
            JavaStreamingContext streaming, Receiver<byte[]> receiver) {
        streaming.addStreamingListener(new CoreCheck(streaming.ssc()));
        return streaming.receiverStream(receiver).transform(EventChunks::of);
    }

    /** Whether every worker has this address, as 0.0.0.0 and localhost. */
    private static boolean isEveryHosts(String host) {
        try {
            InetAddress address = InetAddress.getByName(host);
            return address.isAnyLocalAddress() || address.isLoopbackAddress();
        } catch (UnknownHostException e) {
            return false; // the worker may know it
        }
    }

    /** Turns replication off in one process, where Spark would only warn about each block. */
    private static StorageLevel placed(JavaStreamingContext streaming, StorageLevel level) {
        return !streaming.sparkContext().isLocal() ? level : StorageLevel.apply(
                level.useDisk(), level.useMemory(), level.useOffHeap(), level.deserialized(), 1);
    }
}
