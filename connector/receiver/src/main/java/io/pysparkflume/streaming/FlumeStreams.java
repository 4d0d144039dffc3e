package io.pysparkflume.streaming;

import java.net.InetAddress;
import java.net.UnknownHostException;
import org.apache.spark.storage.StorageLevel;
import org.apache.spark.streaming.api.java.JavaDStream;
import org.apache.spark.streaming.api.java.JavaStreamingContext;

/** What {@code pyspark_flume.FlumeUtils} calls. */
public final class FlumeStreams {
    private FlumeStreams() {}

    /**
     * A stream of the events that Flume's avro sinks push to {@code host:port}.
     *
     * @param decompress the sinks have {@code compression-type = deflate}
     * @return elements are chunks: the bytes of some {@code AvroFlumeEvent}s, one behind the other
     */
    public static JavaDStream<byte[]> createStream(JavaStreamingContext streaming, String host,
            int port, StorageLevel storageLevel, boolean decompress) {
        streaming.addStreamingListener(new CoreCheck(streaming.ssc()));
        boolean local = streaming.sparkContext().isLocal();
        StorageLevel level = local ? unreplicated(storageLevel) : storageLevel;
        String worker = local || isEveryHosts(host) ? null : host;
        return streaming
                .receiverStream(new FlumeReceiver(host, port, level, decompress, worker))
                .transform(EventChunks::of);
    }

    /** 0.0.0.0, localhost and the like, which each worker has. */
    private static boolean isEveryHosts(String host) {
        try {
            InetAddress address = InetAddress.getByName(host);
            return address.isAnyLocalAddress() || address.isLoopbackAddress();
        } catch (UnknownHostException e) {
            return false; // known to the worker alone, perhaps
        }
    }

    /** One process has no second place for a block, and warns of that for each one. */
    private static StorageLevel unreplicated(StorageLevel level) {
        return StorageLevel.apply(
                level.useDisk(), level.useMemory(), level.useOffHeap(), level.deserialized(), 1);
    }
}
