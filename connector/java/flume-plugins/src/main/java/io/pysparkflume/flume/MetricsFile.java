package io.pysparkflume.flume;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The counters of one run, kept in {@code <directory>/<start>.json} (start in ms since 1970).
 *
 * <p>It is written at the start, then every second, and a last time at the end:
 *
 * <pre>{"started": 1763830000000, "written": 1763830012000, "final": true,
 *  "metrics": {"CHANNEL.buffer": {"EventPutSuccessCount": "10000", …}, …}}</pre>
 *
 * <p>{@code final} is true only after a clean stop. After a kill the file is up to a second old, so
 * its counts are a lower bound. A reader sees the old file or the new one, never half of one. There
 * is no fsync: the file has to survive the process, not the machine.
 */
final class MetricsFile {
    private static final Logger LOG = LoggerFactory.getLogger(MetricsFile.class);
    private static final long PERIOD_MILLIS = 1000;

    private final Path directory;
    private final long started;
    private final Supplier<Map<String, Map<String, String>>> counters;
    private final Gson gson = new GsonBuilder().setPrettyPrinting().create();
    private final ScheduledExecutorService clock =
            Executors.newSingleThreadScheduledExecutor(task -> {
                Thread thread = new Thread(task, "metrics-file");
                thread.setDaemon(true);
                return thread;
            });
    private boolean failing;

    /**
     * @param started start of the run, ms since 1970; the name of the file
     * @param counters called at each write; gives the values by component and counter
     */
    MetricsFile(
            Path directory, long started, Supplier<Map<String, Map<String, String>>> counters) {
        this.directory = directory;
        this.started = started;
        this.counters = counters;
    }

    /** Begins to write. The first file is on disk when this returns. */
    void start() {
        write(false);
        clock.scheduleWithFixedDelay(
                () -> write(false), PERIOD_MILLIS, PERIOD_MILLIS, TimeUnit.MILLISECONDS);
    }

    /** Writes the final counts and ends. They are on disk when this returns. */
    void stop() {
        clock.shutdown();
        try {
            // A write that is still running must not replace the final one.
            clock.awaitTermination(5, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        write(true);
    }

    Path path() {
        return directory.resolve(started + ".json");
    }

    private synchronized void write(boolean isFinal) {
        // An exception that leaves this method would silently end the scheduled writes.
        try {
            Map<String, Object> run = new LinkedHashMap<>();
            run.put("started", started);
            run.put("written", System.currentTimeMillis());
            run.put("final", isFinal);
            run.put("metrics", counters.get());
            Files.createDirectories(directory);
            Path temporary = directory.resolve("." + started + ".tmp");
            Files.writeString(temporary, gson.toJson(run));
            Files.move(
                    temporary, path(),
                    StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            failing = false;
        } catch (IOException | RuntimeException e) {
            if (!failing) { // log it once, not each second
                LOG.error(
                        "Cannot write the run's counters to {} ({}); make it writable for user {}"
                                + " or set -Dflume.monitoring.directory (FLUME_METRICS_DIR)",
                        directory, reason(e), System.getProperty("user.name"));
            }
            failing = true;
        }
    }

    private static String reason(Exception e) {
        // The message of a file system exception is often only the path.
        return e instanceof AccessDeniedException
                ? "permission denied"
                : e.getClass().getSimpleName() + ": " + e.getMessage();
    }
}
