package org.apache.spark.streaming.flume.sink;

import java.io.IOException;
import org.apache.flume.Context;
import org.apache.flume.FlumeException;
import org.apache.flume.conf.Configurable;
import org.apache.flume.conf.ConfigurationException;
import org.apache.flume.instrumentation.SinkCounter;
import org.apache.flume.sink.AbstractSink;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Holds events ready for Spark's polling stream ({@code FlumeUtils.createPollingStream}): Spark
 * connects, fetches a batch, stores it, and acknowledges it; only then have its events left the
 * channel. What is not acknowledged comes again.
 *
 * <p>Name, keys and protocol are those of the sink that Spark shipped up to 2.4, so that its confs
 * and its consumers work as they are:
 *
 * <ul>
 *   <li>{@code hostname}: address to listen on, 0.0.0.0
 *   <li>{@code port}: needed; 0 takes any free one
 *   <li>{@code threads}: batches at once, waiting for events or for their ack, 10
 *   <li>{@code timeout}: s until a batch without an ack is rolled back, and until a consumer hears
 *       that there are no events, 60
 *   <li>{@code backoffInterval}: ms between two looks into an empty channel, 200
 * </ul>
 *
 * <p>Counters, as {@code SINK.name}: EventDrainAttemptCount counts events given, also those that
 * come again; EventDrainSuccessCount those that were acknowledged.
 */
public final class SparkSink extends AbstractSink implements Configurable {
    private static final Logger LOG = LoggerFactory.getLogger(SparkSink.class);

    private static final int PORT_MAX = 65_535;
    private static final int NUMBER_MAX = 999_999_999;

    /** A consumer that has acknowledged a batch fetches the next one far sooner. */
    private static final long LULL_MILLIS = 500;

    private String host;
    private int port;
    private int threads;
    private int timeoutSeconds;
    private int backoffMillis;
    private SinkCounter counter;
    private BatchTransactions batches;
    private PullServer server;

    @Override
    public void configure(Context context) {
        host = context.getString("hostname", "0.0.0.0");
        if (context.getString("port") == null) {
            throw new ConfigurationException("Sink " + getName() + " has no port; set the key port"
                    + " to the one that Spark polls");
        }
        port = number(context, "port", 0, 0, PORT_MAX);
        threads = number(context, "threads", 10, 1, NUMBER_MAX);
        timeoutSeconds = number(context, "timeout", 60, 1, NUMBER_MAX);
        backoffMillis = number(context, "backoffInterval", 200, 1, NUMBER_MAX);
        if (counter == null) {
            counter = new SinkCounter(getName());
        }
    }

    /** @throws FlumeException it cannot listen; Flume logs it, and tries again every 3 s */
    @Override
    public void start() {
        BatchTransactions run = new BatchTransactions(
                new BatchTransaction.Origin(getName(), getChannel(), timeoutSeconds, backoffMillis,
                        counter, new TakeLimit(getName(), getChannel().getName())),
                threads);
        try {
            server = PullServer.start(
                    host, port, () -> new ConsumerConnection(getName(), run, counter));
        } catch (IOException e) {
            throw new FlumeException(String.format(
                    "Sink %s cannot listen on %s:%d (%s); free the port, or set the sink's hostname"
                            + " and port to others",
                    getName(), host, port, e.getMessage()));
        }
        batches = run;
        counter.start();
        super.start();
        LOG.info("Sink {} listens on {}:{} for Spark's polling stream", getName(), host, port());
    }

    /** What is not acknowledged goes back into the channel; consumers that wait are told. */
    @Override
    public void stop() {
        if (server != null) {
            server.stopListening();
            batches.stop();
            server.stop();
            server = null;
            counter.stop();
        }
        super.stop();
    }

    /**
     * Delivers nothing, consumers come by themselves: watches for a moment whether they do.
     *
     * @return BACKOFF if none fetches: at a stop, there is nothing to wait for
     */
    @Override
    public Status process() {
        long ackedBefore = counter.getEventDrainSuccessCount();
        try {
            Thread.sleep(LULL_MILLIS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt(); // the runner looks whether it has to stop
        }
        boolean fetching =
                counter.getEventDrainSuccessCount() > ackedBefore || batches.anyGiven();
        return fetching ? Status.READY : Status.BACKOFF;
    }

    /** The port it listens on. */
    int port() {
        return server.port();
    }

    private int number(Context context, String key, int otherwise, int min, int max) {
        String text = context.getString(key, Integer.toString(otherwise)).trim();
        if (text.matches("[0-9]{1,9}")) {
            int value = Integer.parseInt(text);
            if (value >= min && value <= max) {
                return value;
            }
        }
        throw new ConfigurationException(String.format(
                "Sink %s: %s is %s; set it to a whole number from %d to %d",
                getName(), key, text, min, max));
    }
}
