package io.pysparkflume.flume;

import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/**
 * When each counter of the agent has last changed, to a second.
 *
 * <p>Counters alone do not tell a sink that has sent nothing for an hour from one that has just
 * sent something. A counter that has not changed yet has the time at which it was first seen.
 * {@value #CHANNEL_EMPTY} of a channel is when it last held no event: since then events wait.
 */
final class CounterTimes {
    static final String CHANNEL_EMPTY = "ChannelEmpty";

    private static final String CHANNEL_SIZE = "ChannelSize";
    private static final long PERIOD_MILLIS = 1000;

    private final Supplier<Map<String, Map<String, String>>> counters;
    private final Map<String, Map<String, String>> values = new HashMap<>();
    private final Map<String, Map<String, Long>> times = new TreeMap<>();
    private final ScheduledExecutorService clock =
            Executors.newSingleThreadScheduledExecutor(task -> {
                Thread thread = new Thread(task, "counter-times");
                thread.setDaemon(true);
                return thread;
            });

    /** @param counters called every second; gives the values by component and counter */
    CounterTimes(Supplier<Map<String, Map<String, String>>> counters) {
        this.counters = counters;
    }

    void start() {
        clock.scheduleWithFixedDelay(
                () -> look(System.currentTimeMillis()), 0, PERIOD_MILLIS, TimeUnit.MILLISECONDS);
    }

    void stop() {
        clock.shutdownNow();
    }

    /** Returns the times in ms since 1970, by component and counter. */
    synchronized Map<String, Map<String, Long>> get() {
        Map<String, Map<String, Long>> copy = new TreeMap<>();
        times.forEach((component, its) -> copy.put(component, new TreeMap<>(its)));
        return copy;
    }

    /** Compares the counters with those of the last call. */
    synchronized void look(long nowMillis) {
        counters.get().forEach((component, now) -> {
            Map<String, String> before = values.computeIfAbsent(component, any -> new HashMap<>());
            Map<String, Long> its = times.computeIfAbsent(component, any -> new TreeMap<>());
            now.forEach((counter, value) -> {
                if (!value.equals(before.put(counter, value))) {
                    its.put(counter, nowMillis);
                }
            });
            if ("0".equals(now.get(CHANNEL_SIZE))) {
                its.put(CHANNEL_EMPTY, nowMillis);
            }
        });
    }
}
