package io.pysparkflume.flume;

import com.google.common.base.Preconditions;
import com.google.common.base.Throwables;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.flume.Channel;
import org.apache.flume.Context;
import org.apache.flume.EventDeliveryException;
import org.apache.flume.Sink;
import org.apache.flume.channel.MemoryChannel;
import org.apache.flume.instrumentation.util.JMXPollUtil;
import org.apache.flume.lifecycle.LifecycleState;
import org.apache.flume.sink.AbstractSinkProcessor;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs sinks with short pauses that can be set, and stops them without losing events.
 *
 * <p>Flume's SinkRunner sleeps 1, 2, … 5 s whenever the channel is empty, and 5 s after each failed
 * delivery; no key changes that. In an idle agent an event would wait for seconds, and a receiver
 * that has just started would be found only seconds later.
 *
 * <p>One sink delivers at a time, until it fails. Then the next one takes over, in the order of
 * their names, and the first one follows the last. No sink is tried while another one delivers.
 * There is a pause only after each of them has failed.
 *
 * <p>At a stop, Flume interrupts the current delivery. Its batch then reaches the receiver and also
 * goes back into the channel; and the contents of a memory channel are lost. Here the delivery is
 * completed first, and then the channel is drained: Flume stops the sources before the sinks. A
 * channel of another type keeps its events for the next run and is not drained.
 *
 * <p>Keys of the sink group's processor:
 *
 * <ul>
 *   <li>{@code idleDelay}: ms between two checks of an empty channel; default: 50.
 *   <li>{@code retryDelay}: ms between two tries to deliver; default: 1000.
 *   <li>{@code drainSeconds}: the longest time that a stop waits for the receiver; default: 20.
 *       It ends earlier if each sink fails three times in a row.
 * </ul>
 *
 * <p>The sink alone decides what is sent, and how often: its transaction has ended, committed or
 * rolled back, before a pause begins or another sink takes over.
 */
public final class PromptSinkProcessor extends AbstractSinkProcessor {
    private static final Logger LOG = LoggerFactory.getLogger(PromptSinkProcessor.class);
    private static final int ROUNDS_PER_LOG_LINE = 30;

    /** A receiver with a brief failure is tried again; one that is gone must not delay the stop. */
    private static final int DRAIN_ROUNDS_MAX = 3;

    private static final long ROLLBACK_SECONDS = 5;

    /** The one thread that calls the sinks. It is not the runner's, which a stop interrupts. */
    private final ExecutorService deliveryThread = Executors.newSingleThreadExecutor(task -> {
        Thread thread = new Thread(task, "prompt-sink");
        thread.setDaemon(true);
        return thread;
    });

    private List<Sink> sinks;
    private Channel channel;
    private Sink sink; // the one that delivers
    private long idleDelay;
    private long retryDelay;
    private long drainSeconds;
    private long failures;
    private boolean stopping;
    private long stopDeadline; // in terms of System.nanoTime(); set when stopping

    @Override
    public void setSinks(List<Sink> group) {
        super.setSinks(group);
        sinks = group.stream().sorted(Comparator.comparing(Sink::getName)).toList();
        sink = sinks.get(0);
        channel = sink.getChannel();
        for (Sink other : sinks) {
            Preconditions.checkArgument(
                    other.getChannel() == channel,
                    "sinks %s and %s of one group take from two channels; give each channel a"
                            + " group of its own",
                    sink.getName(), other.getName());
        }
    }

    @Override
    public void configure(Context context) {
        idleDelay = context.getLong("idleDelay", 50L);
        retryDelay = context.getLong("retryDelay", 1000L);
        drainSeconds = context.getLong("drainSeconds", 20L);
    }

    /** Always returns READY, after any pause, because SinkRunner must not pause as well. */
    @Override
    public Sink.Status process() {
        try {
            Sink.Status status = deliver();
            if (failures > 0) {
                LOG.info("Sink {} delivers, after {} failed tries", sink.getName(), failures);
                failures = 0;
            }
            if (status == Sink.Status.BACKOFF) {
                pause(idleDelay);
            }
        } catch (EventDeliveryException e) {
            if (failures / sinks.size() % ROUNDS_PER_LOG_LINE == 0) {
                LOG.warn("Sink {} cannot deliver; its group tries again every {} ms: {}",
                        sink.getName(), retryDelay, reason(e));
            }
            switchSink(++failures);
        } catch (CancellationException e) {
            LOG.debug("A stop interrupted the delivery", e);
        }
        return Sink.Status.READY;
    }

    /** Flume calls this after the runner has ended, after the sources and before the channels. */
    @Override
    public void stop() {
        boolean runs = getLifecycleState() == LifecycleState.START;
        if (runs && channel instanceof MemoryChannel) {
            drain();
        }
        endDeliveryThread();
        super.stop();
    }

    /**
     * Calls the sink once, and waits for it even when interrupted.
     *
     * @throws CancellationException the stop ran out of time; the sink rolls back
     */
    private Sink.Status deliver() throws EventDeliveryException {
        Future<Sink.Status> delivery = deliveryThread.submit(sink::process);
        boolean interrupted = false;
        try {
            while (true) {
                try {
                    return delivery.get(nanosLeft(), TimeUnit.NANOSECONDS);
                } catch (InterruptedException e) {
                    interrupted = true;
                    beginStop(); // a stop is Flume's only reason to interrupt
                } catch (TimeoutException e) {
                    delivery.cancel(true);
                }
            }
        } catch (ExecutionException e) {
            Throwables.propagateIfInstanceOf(e.getCause(), EventDeliveryException.class);
            throw Throwables.propagate(e.getCause());
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt(); // SinkRunner checks this to stop
            }
        }
    }

    private void drain() {
        beginStop();
        long takenBefore = counter("EventTakeSuccessCount");
        String obstacle = sendRest();
        endDeliveryThread();
        String name = channel.getName();
        long drained = counter("EventTakeSuccessCount") - takenBefore;
        long left = counter("ChannelSize");
        if (left == 0) {
            LOG.info("Sink {} drained {} events from channel {}", sink.getName(), drained, name);
        } else {
            LOG.warn("Sink {} drained {} events; {} events left in channel {} are lost: {}",
                    sink.getName(), drained, left, name, obstacle);
        }
    }

    /** Sends until the sink finds the channel empty; returns why it may not be empty. */
    private String sendRest() {
        int failed = 0;
        while (nanosLeft() > 0) {
            try {
                if (deliver() == Sink.Status.BACKOFF) {
                    return "the sink does not send them";
                }
                failed = 0;
            } catch (CancellationException e) {
                break;
            } catch (EventDeliveryException | RuntimeException e) {
                if (++failed == DRAIN_ROUNDS_MAX * sinks.size()) {
                    return failed + " tries failed, " + reason(e)
                            + "; stop an agent before its receiver";
                }
                switchSink(failed);
            }
        }
        return "the receiver needs more than " + drainSeconds + " s; raise drainSeconds";
    }

    /** Switches to the next sink, and pauses if each sink has failed since the last success. */
    private void switchSink(long failedInARow) {
        sink = sinks.get((sinks.indexOf(sink) + 1) % sinks.size());
        if (failedInARow % sinks.size() == 0) {
            pause(retryDelay);
        }
    }

    /** Waits until the sink has no open transaction. */
    private void endDeliveryThread() {
        deliveryThread.shutdown();
        try {
            if (!deliveryThread.awaitTermination(ROLLBACK_SECONDS, TimeUnit.SECONDS)) {
                LOG.warn("Sink {} is still delivering {} s after it was interrupted",
                        sink.getName(), ROLLBACK_SECONDS);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void beginStop() {
        if (!stopping) {
            stopping = true;
            stopDeadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(drainSeconds);
        }
    }

    private long nanosLeft() {
        return stopping ? stopDeadline - System.nanoTime() : Long.MAX_VALUE;
    }

    /** Returns a counter of the channel, exact while the channel is idle; -1 if there is none. */
    private long counter(String name) {
        Map<String, String> counters =
                JMXPollUtil.getAllMBeans().get("CHANNEL." + channel.getName());
        return counters == null ? -1 : Long.parseLong(counters.get(name));
    }

    private static String reason(Exception e) {
        return Throwables.getRootCause(e).toString();
    }

    private static void pause(long millis) {
        try {
            Thread.sleep(millis);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt(); // SinkRunner checks this to stop
        }
    }
}
