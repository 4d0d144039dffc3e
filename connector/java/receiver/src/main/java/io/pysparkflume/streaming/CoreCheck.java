package io.pysparkflume.streaming;

import org.apache.spark.SparkContext;
import org.apache.spark.status.api.v1.ExecutorSummary;
import org.apache.spark.streaming.StreamingContext;
import org.apache.spark.streaming.scheduler.StreamingListener;
import org.apache.spark.streaming.scheduler.StreamingListenerBatchSubmitted;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import scala.jdk.javaapi.CollectionConverters;

/**
 * Warns if the receivers occupy all cores: then Spark accepts events but never processes any.
 *
 * <p>In a cluster the executors start one by one, so there it warns only at the third batch.
 */
final class CoreCheck implements StreamingListener {
    private static final Logger LOG = LoggerFactory.getLogger(CoreCheck.class);
    private static final int CLUSTER_BATCHES = 3;

    private final StreamingContext streaming;
    private int batches;
    private boolean settled;

    CoreCheck(StreamingContext streaming) {
        this.streaming = streaming;
    }

    @Override
    public void onBatchSubmitted(StreamingListenerBatchSubmitted batch) {
        if (settled) {
            return;
        }
        batches++;
        SparkContext context = streaming.sparkContext();
        int receivers = streaming.graph().getReceiverInputStreams().length;
        int cores = 0;
        for (ExecutorSummary executor :
                CollectionConverters.asJava(context.statusStore().executorList(true))) {
            cores += executor.totalCores();
        }
        if (cores > receivers) {
            settled = true;
        } else if (context.isLocal() || batches >= CLUSTER_BATCHES) {
            settled = true;
            LOG.warn("NOTHING WILL BE PROCESSED: {} core(s) for {} receiver(s), and each receiver"
                    + " holds one; give at least {}: {}", cores, receivers, receivers + 1,
                    context.isLocal()
                            ? "--master local[" + (receivers + 1) + "]"
                            : "start more workers or raise spark.cores.max");
        }
    }
}
