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
 * Holds events ready for Spark's polling stream ({@code FlumeUtils.createPollingStream}). Spark
 * connects, fetches a batch, stores it, and acknowledges it; only then do its events leave the
 * channel. Events that are not acknowledged are sent again.
 *
 * <p>The name, the keys and the protocol are those of the sink that Spark shipped up to 2.4, so its
 * confs and its consumers work unchanged:
 *
 * <ul>
 *   <li>{@code hostname}: address to listen on; default: 0.0.0.0
 *   <li>{@code port}: required; 0 uses any free port
 *   <li>{@code threads}: how many batches may wait for events or for their ack; default: 10
 *   <li>{@code timeout}: s until a batch without an ack is rolled back, and until a consumer is
 *       answered that there are no events; default: 60
 *   <li>{@code backoffInterval}: ms between two checks of an empty channel; default: 200
 * </ul>
 *
 * <p>Counters, in {@code SINK.name}: EventDrainAttemptCount counts the events given to consumers,
 * repeated ones included; EventDrainSuccessCount those that were acknowledged.
 */
public final class SparkSink extends AbstractSink implements Configurable {
    private static final Logger LOG = LoggerFactory.getLogger(SparkSink.class);

    private static final int PORT_MAX = 65_535;
    private static final int NUMBER_MAX = 999_999_999;

    /** Far longer than a consumer needs between its ack and its next call. */
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

    /** @throws FlumeException it cannot listen; Flume logs that and tries again every 3 s */
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

    /** Puts unacknowledged events back into the channel and answers waiting consumers. */
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
     * Watches for a moment whether consumers fetch events. It delivers nothing itself.
     *
     * @return BACKOFF if no consumer does; a stop then has nothing to wait for
     */
    @Override
    public Status process() {
        long ackedBefore = counter.getEventDrainSuccessCount();
        try {
            Thread.sleep(LULL_MILLIS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt(); // the runner checks this to stop
        }
        boolean fetching =
                counter.getEventDrainSuccessCount() > ackedBefore || batches.anyGiven();
        return fetching ? Status.READY : Status.BACKOFF;
    }

    /** Returns the port it listens on. */
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
