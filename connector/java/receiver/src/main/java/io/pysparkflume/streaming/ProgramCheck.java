package io.pysparkflume.streaming;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.apache.spark.SparkContext;
import org.apache.spark.status.api.v1.ExecutorSummary;
import org.apache.spark.streaming.StreamingContext;
import org.apache.spark.streaming.Time;
import org.apache.spark.streaming.scheduler.StreamingListener;
import org.apache.spark.streaming.scheduler.StreamingListenerBatchCompleted;
import org.apache.spark.streaming.scheduler.StreamingListenerBatchSubmitted;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import scala.jdk.javaapi.CollectionConverters;

/**
 * Watches which batches of a program are not done, and whether there are cores for them.
 *
 * <p>It warns if the receivers occupy all cores: then Spark accepts events but never processes any.
 * In a cluster the executors start one by one, so it warns there only at the third batch.
 */
final class ProgramCheck implements StreamingListener {
    private static final Logger LOG = LoggerFactory.getLogger(ProgramCheck.class);
    private static final int CLUSTER_BATCHES = 3;

    /**
     * A program that ends because a batch has failed ends within this time, and its next start runs
     * that batch again. A program that continues must not keep the batch's blocks for ever.
     */
    private static final long FAILED_NANOS_MAX = TimeUnit.SECONDS.toNanos(60);

    private final StreamingContext streaming;
    private final Map<Time, Long> failedNanos = new ConcurrentHashMap<>();
    private int batches;
    private boolean settled;

    private ProgramCheck(StreamingContext streaming) {
        this.streaming = streaming;
    }

    static ProgramCheck addTo(StreamingContext streaming) {
        ProgramCheck check = new ProgramCheck(streaming);
        streaming.addStreamingListener(check);
        streaming.addStreamingListener(new ReceiverPlaces(streaming));
        return check;
    }

    /** Returns the time of the oldest batch that waits, runs or has just failed, in ms. */
    long oldestUnfinishedMillis() {
        return CollectionConverters.asJava(streaming.scheduler().getPendingTimes()).stream()
                .filter(time -> !isGivenUp(time)).mapToLong(Time::milliseconds)
                .min().orElse(Long.MAX_VALUE);
    }

    @Override
    public void onBatchCompleted(StreamingListenerBatchCompleted batch) {
        boolean failed = CollectionConverters.asJava(batch.batchInfo().outputOperationInfos())
                .values().stream().anyMatch(output -> output.failureReason().isDefined());
        if (failed) {
            failedNanos.put(batch.batchInfo().batchTime(), System.nanoTime());
        }
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
                            ? localRemedy(context.master(), receivers + 1,
                                    System.getProperty("spark.master"),
                                    System.getProperty("sun.java.command", ""))
                            : "start more workers or raise spark.cores.max");
        }
    }

    /**
     * Says where to change the master: on the command line, or in a program that sets it.
     *
     * @param submitted the master of spark-submit, by flag or by default; null without spark-submit
     * @param command the JVM's own command line; a program that Python runs is "pyspark-shell"
     *     there
     */
    static String localRemedy(String master, int cores, String submitted, String command) {
        boolean isPythons = command.contains("pyspark-shell") && !command.contains("--master ");
        return isPythons || submitted != null && !submitted.equals(master)
                ? "the program itself sets the master " + master + ", so change it there to local["
                        + cores + "]"
                : "--master local[" + cores + "]";
    }

    private boolean isGivenUp(Time time) {
        Long since = failedNanos.get(time);
        return since != null && System.nanoTime() - since > FAILED_NANOS_MAX;
    }
}
