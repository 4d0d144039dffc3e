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
 * Runs sinks with short pauses, settable where Flume's own are fixed, and ends them without loss.
 *
 * <p>Flume's SinkRunner sleeps 1, 2, … 5 s whenever the channel is empty, and 5 s after each failed
 * delivery; no key changes it. In a lab that means that an event waits for seconds in an idle
 * agent, and that a receiver is found seconds after it came up.
 *
 * <p>One sink delivers at a time. When it fails the next one takes over, in the order of their
 * names and then from the first again, and keeps on until it fails itself: nobody is tried while
 * another delivers. A pause comes only once each of them has failed.
 *
 * <p>On a stop, Flume interrupts a delivery under way, which then reaches the receiver and goes
 * back into the channel; and what a memory channel holds is gone. Here the delivery ends first, and
 * then the channel is drained: Flume has stopped the sources before the sinks. A channel of another
 * type keeps its events for the next run and is not drained.
 *
 * <p>Keys of the sink group's processor:
 *
 * <ul>
 *   <li>{@code idleDelay}: ms between two looks into an empty channel, 50.
 *   <li>{@code retryDelay}: ms between two tries to deliver, 1000.
 *   <li>{@code drainSeconds}: s at most that a stop waits for the receiver, 20; less if 3 tries of
 *       each sink in a row fail.
 * </ul>
 *
 * <p>What is sent, and how often, stays the sink's affair: its transaction has ended, committed or
 * rolled back, before a pause begins or another sink takes over.
 */
public final class PromptSinkProcessor extends AbstractSinkProcessor {
    private static final Logger LOG = LoggerFactory.getLogger(PromptSinkProcessor.class);
    private static final int ROUNDS_A_LINE = 30;

    /** A receiver that hiccups is tried again; one that has gone must not hold the stop up. */
    private static final int DRAIN_ROUNDS_MAX = 3;

    private static final long ROLLBACK_SECONDS = 5;

    /** Calls the sinks: always the same thread, and not the runner's, which a stop interrupts. */
    private final ExecutorService courier = Executors.newSingleThreadExecutor(task -> {
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
    private long stopDeadline; // of System.nanoTime(), once stopping

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

    /** Always READY, since it has paused itself: SinkRunner is to come again at once. */
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
            if (failures / sinks.size() % ROUNDS_A_LINE == 0) {
                LOG.warn("Sink {} cannot deliver, its group tries every {} ms: {}",
                        sink.getName(), retryDelay, reason(e));
            }
            moveOn(++failures);
        } catch (CancellationException e) {
            LOG.debug("A stop broke the delivery off", e);
        }
        return Sink.Status.READY;
    }

    /** Flume calls it when the runner has ended, after the sources and before the channels. */
    @Override
    public void stop() {
        boolean runs = getLifecycleState() == LifecycleState.START;
        if (runs && channel instanceof MemoryChannel) {
            drain();
        }
        endCourier();
        super.stop();
    }

    /**
     * Has the sink called once, and waits for it even when interrupted.
     *
     * @throws CancellationException the time of a stop was over; the sink rolls back
     */
    private Sink.Status deliver() throws EventDeliveryException {
        Future<Sink.Status> delivery = courier.submit(sink::process);
        boolean interrupted = false;
        try {
            while (true) {
                try {
                    return delivery.get(nanosLeft(), TimeUnit.NANOSECONDS);
                } catch (InterruptedException e) {
                    interrupted = true;
                    beginStop(); // Flume interrupts for nothing else
                } catch (TimeoutException e) {
                    delivery.cancel(true);
                }
            }
        } catch (ExecutionException e) {
            Throwables.propagateIfInstanceOf(e.getCause(), EventDeliveryException.class);
            throw Throwables.propagate(e.getCause());
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt(); // SinkRunner looks whether it has to stop
            }
        }
    }

    private void drain() {
        beginStop();
        long takenBefore = counter("EventTakeSuccessCount");
        String obstacle = sendRest();
        endCourier();
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

    /** Sends until the sink finds the channel empty; says what is in the way if it is not. */
    private String sendRest() {
        int failed = 0;
        while (nanosLeft() > 0) {
            try {
                if (deliver() == Sink.Status.BACKOFF) {
                    return "the sink does not take them";
                }
                failed = 0;
            } catch (CancellationException e) {
                break;
            } catch (EventDeliveryException | RuntimeException e) {
                if (++failed == DRAIN_ROUNDS_MAX * sinks.size()) {
                    return failed + " tries failed, " + reason(e)
                            + "; stop an agent before its receiver";
                }
                moveOn(failed);
            }
        }
        return "the receiver needs more than " + drainSeconds + " s; raise drainSeconds";
    }

    /** To the next sink; with a pause once each has failed in a row. */
    private void moveOn(long failedInARow) {
        sink = sinks.get((sinks.indexOf(sink) + 1) % sinks.size());
        if (failedInARow % sinks.size() == 0) {
            pause(retryDelay);
        }
    }

    /** Returns once no transaction of the sink is open any more. */
    private void endCourier() {
        courier.shutdown();
        try {
            if (!courier.awaitTermination(ROLLBACK_SECONDS, TimeUnit.SECONDS)) {
                LOG.warn("Sink {} still delivers, {} s after it was interrupted",
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

    /** A counter of the channel, exact while nobody uses it; -1 if Flume does not count it. */
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
            Thread.currentThread().interrupt(); // SinkRunner looks whether it has to stop
        }
    }
}
