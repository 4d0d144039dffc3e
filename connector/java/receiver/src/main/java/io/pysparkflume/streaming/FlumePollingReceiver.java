package io.pysparkflume.streaming;

import java.net.InetSocketAddress;
import java.util.List;
import org.apache.spark.SparkConf;
import org.apache.spark.SparkEnv;
import org.apache.spark.storage.StorageLevel;
import org.apache.spark.streaming.receiver.Receiver;

/**
 * Pulls from SparkSinks in Flume agents. An element is the bytes of several {@code
 * SparkSinkEvent}s, which are the same as those of {@code AvroFlumeEvent}s; a block's metadata is
 * their number, see {@link FlumeInputDStream}.
 *
 * <p>A sink's batch becomes one block, and is acked once Spark has stored that block (including its
 * replica and the write-ahead log, if they are on). Until then it stays in Flume's channel.
 */
public final class FlumePollingReceiver extends Receiver<byte[]> {
    private static final long serialVersionUID = 1L;

    private final List<InetSocketAddress> sinks;
    private final int parallelism;
    private final int batchSizeMax;

    private transient volatile SinkPollers pollers;

    /**
     * @param sinks unresolved addresses, at least one
     * @param parallelism total number of consumers; each sink has at least one
     * @param batchSizeMax events in a batch; no more than the channels' transactionCapacity
     */
    public FlumePollingReceiver(List<InetSocketAddress> sinks, StorageLevel storageLevel,
            int batchSizeMax, int parallelism) {
        super(storageLevel);
        this.sinks = sinks;
        this.parallelism = parallelism;
        this.batchSizeMax = batchSizeMax;
    }

    @Override
    public void onStart() {
        SparkConf conf = SparkEnv.get().conf();
        pollers = new SinkPollers(sinks, parallelism, batchSizeMax,
                FlumeStreams.stallSecondsMax(conf),
                RateLimit.of(conf, () -> supervisor().getCurrentRateLimit()),
                events -> store(events.chunks().iterator(), events.count()));
        pollers.start();
    }

    @Override
    public void onStop() {
        if (pollers != null) {
            pollers.stop();
        }
    }
}
