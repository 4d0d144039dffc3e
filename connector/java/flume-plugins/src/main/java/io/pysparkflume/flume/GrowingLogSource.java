package io.pysparkflume.flume;

import com.google.common.base.Preconditions;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import org.apache.flume.ChannelException;
import org.apache.flume.Context;
import org.apache.flume.FlumeException;
import org.apache.flume.PollableSource;
import org.apache.flume.conf.BatchSizeSupported;
import org.apache.flume.conf.Configurable;
import org.apache.flume.instrumentation.SourceCounter;
import org.apache.flume.source.AbstractSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Follows logs while they grow and are rotated, and gives each line an identity that survives a
 * rename.
 *
 * <p>An event carries three headers, which are the same each time its line is read:
 *
 * <ul>
 *   <li>{@code file}: {@code DEVICE-INODE-FINGERPRINT}; with an origin, {@code <origin>:…}. The
 *       fingerprint is made of the log's first line, so that a reused inode is another log.
 *   <li>{@code offset}: the byte of the log at which the line begins, decimal.
 *   <li>{@code end}: the byte after the line and its newline, decimal; always greater.
 * </ul>
 *
 * <p>Keys: see docs/reference/growing-log-source.md.
 */
public final class GrowingLogSource extends AbstractSource
        implements Configurable, PollableSource, BatchSizeSupported {
    private static final Logger LOG = LoggerFactory.getLogger(GrowingLogSource.class);
    private static final int MIB = 1 << 20;

    /** What a rotation leaves in the folder compressed, and what editors and copies write. */
    private static final String IGNORED = ".*[.](gz|bz2|xz|zst|lz4|Z|zip|tmp|part|swp)|.*~";

    /** A look at all folders may take a tenth of the time. */
    private static final int SCAN_SHARE = 10;

    private int batchSize;
    private int openMax;
    private long pollMillis;
    private long scanNanos;
    private long idleNanos;
    private long positionNanos;

    private LogPositions positions;
    private LogFolders folders;
    private LogBatch batch;

    /** Logs that may have lines to read, the next first. */
    private final Deque<FollowedLog> queue = new ArrayDeque<>();

    /** The one that was read last is the last one. */
    private final Set<FollowedLog> open = new LinkedHashSet<>();

    private int scans;
    private long nextScan;
    private long nextSave;
    private long nextTidy;
    private SourceCounter counter;

    @Override
    public void configure(Context context) {
        String name = "source " + getName();
        List<LogGroup> groups = LogGroup.of(context, name);
        Path file = Path.of(required(context, "positionFile")).toAbsolutePath().normalize();
        Pattern ignored = pattern(context);
        refuseItsOwn(groups, file, ignored);
        batchSize = positive(context.getInteger("batchSize", 1000), "batchSize");
        openMax = positive(context.getInteger("maxOpenFiles", 100), "maxOpenFiles");
        pollMillis = positive(context.getInteger("pollMillis", 200), "pollMillis");
        scanNanos = nanos(positive(context.getInteger("scanMillis", 500), "scanMillis"));
        positionNanos = nanos(positive(context.getInteger("positionMillis", 1000), "positionMillis"));
        idleNanos = nanos(1000L * positive(context.getInteger("idleSeconds", 60), "idleSeconds"));
        int lineMax = positive(context.getInteger("maxLineLength", MIB), "maxLineLength");
        int lines = positive(context.getInteger("fingerprintLines", 1), "fingerprintLines");
        boolean withDevice = context.getBoolean("identityDevice", true);
        refuseCharset(context, "inputCharset");
        refuseCharset(context, "outputCharset");

        Map<String, FollowedLog> logs = new HashMap<>();
        positions = new LogPositions(file, logs.keySet());
        LogReading reading =
                new LogReading(positions, logs, new LineBuffer(lineMax), lineMax, lines, withDevice);
        folders = new LogFolders(groups, ignored, reading, logs);
        batch = new LogBatch(
                batchSize, context.getString("origin", ""), context.getString("pathHeader", ""));
        if (counter == null) {
            counter = new SourceCounter(getName());
        }
    }

    private String required(Context context, String key) {
        String value = context.getString(key, "").trim();
        if (value.isEmpty()) {
            throw new FlumeException(String.format(
                    "source %s: %s is missing; set it to a file of this agent's own", getName(), key));
        }
        return value;
    }

    private int positive(int value, String key) {
        Preconditions.checkArgument(
                value > 0, "source %s: %s is %s; set it to 1 or more", getName(), key, value);
        return value;
    }

    private static long nanos(long millis) {
        return TimeUnit.MILLISECONDS.toNanos(millis);
    }

    private Pattern pattern(Context context) {
        String expression = context.getString("ignorePattern", IGNORED);
        try {
            return Pattern.compile(expression);
        } catch (PatternSyntaxException e) {
            throw new FlumeException(
                    String.format(
                            "source %s: ignorePattern = %s: %s; set it to a regular expression of Java",
                            getName(), expression, e.getDescription()),
                    e);
        }
    }

    private void refuseItsOwn(List<LogGroup> groups, Path file, Pattern ignored) {
        for (LogGroup group : groups) {
            boolean isRead = group.folder().equals(file.getParent()) && group.matches(file)
                    && !ignored.matcher(file.getFileName().toString()).matches();
            Preconditions.checkArgument(
                    !isRead,
                    "source %s: positionFile %s is itself a log of filegroups.%s; put it into"
                            + " another folder", getName(), file, group.name());
        }
    }

    private void refuseCharset(Context context, String key) {
        Preconditions.checkArgument(
                !context.containsKey(key),
                "source %s: %s has no effect, because a log's bytes pass unchanged; remove it. A log"
                        + " in UTF-16 or UTF-32 cannot be followed", getName(), key);
    }

    @Override
    public long getBatchSize() {
        return batchSize;
    }

    /** ms to wait when nothing has come. */
    @Override
    public long getBackOffSleepIncrement() {
        return pollMillis;
    }

    @Override
    public long getMaxBackOffSleepInterval() {
        return pollMillis;
    }

    @Override
    public void start() {
        positions.load();
        long now = System.nanoTime();
        nextScan = nextTidy = now;
        nextSave = now + positionNanos;
        counter.start();
        super.start();
    }

    @Override
    public void stop() {
        super.stop();
        open.forEach(GrowingLogSource::close);
        open.clear();
        save();
        counter.stop();
        LOG.info("source {} stopped: {}", getName(), counter);
    }

    /** Sends the next batch, which may have lines of several logs. */
    @Override
    public Status process() {
        long now = System.nanoTime();
        if (now - nextScan >= 0) {
            scan(now);
        }
        if (queue.isEmpty()) {
            open.stream().filter(this::hasGrown).forEach(queue::add);
        }
        batch.clear();
        fill();
        boolean sent = !batch.events().isEmpty() && send();
        if (now - nextTidy >= 0) {
            tidy();
            nextTidy = now + nanos(1000);
        }
        if (now - nextSave >= 0) {
            save();
            nextSave = System.nanoTime() + positionNanos;
        }
        return sent || !queue.isEmpty() && batch.events().isEmpty() ? Status.READY : Status.BACKOFF;
    }

    private void scan(long began) {
        Set<FollowedLog> queued = new LinkedHashSet<>(queue);
        queued.addAll(folders.scan());
        queue.clear();
        queue.addAll(queued);
        scans++;
        long took = System.nanoTime() - began;
        nextScan = System.nanoTime() + Math.max(scanNanos, SCAN_SHARE * took);
    }

    /** How often it has looked at all folders. */
    int scans() {
        return scans;
    }

    private boolean hasGrown(FollowedLog log) {
        try {
            return log.hasGrown();
        } catch (IOException e) {
            return true; // reading it tells what is wrong
        }
    }

    private void fill() {
        while (!batch.isFull() && !queue.isEmpty()) {
            FollowedLog log = queue.poll();
            try {
                if (read(log, false)) {
                    queue.add(log);
                }
            } catch (IOException e) {
                counter.incrementEventReadFail();
                LOG.warn("{} cannot be read now ({}); trying again", log.path(), e.toString());
                log.rollback();
                close(log);
                open.remove(log);
            }
        }
    }

    private boolean read(FollowedLog log, boolean whole) throws IOException {
        if (!log.isOpen()) {
            log.open();
        }
        open.remove(log);
        open.add(log);
        boolean more = log.read(batch, whole);
        closeSurplus();
        return more;
    }

    /** Closes the logs read longest ago; what is gone could not be opened again. */
    private void closeSurplus() {
        Iterator<FollowedLog> each = open.iterator();
        while (open.size() > openMax && each.hasNext()) {
            FollowedLog log = each.next();
            if (log.wasFound()) {
                close(log);
                each.remove();
            }
        }
    }

    private boolean send() {
        int count = batch.events().size();
        counter.addToEventReceivedCount(count);
        counter.incrementAppendBatchReceivedCount();
        try {
            getChannelProcessor().processEventBatch(batch.events());
        } catch (ChannelException e) {
            LOG.warn("source {}: the channel did not take {} lines ({}); reading them again",
                    getName(), count, e.getMessage());
            counter.incrementChannelWriteFail();
            rollback();
            return false;
        }
        batch.reached().forEach(FollowedLog::commit);
        counter.addToEventAcceptedCount(count);
        counter.incrementAppendBatchAcceptedCount();
        return true;
    }

    private void rollback() {
        List<FollowedLog> again = new ArrayList<>(batch.reached().keySet());
        again.forEach(FollowedLog::rollback);
        queue.removeAll(again);
        again.addAll(queue);
        queue.clear();
        queue.addAll(again);
    }

    /** Closes logs to which nobody writes any more. */
    private void tidy() {
        for (FollowedLog log : List.copyOf(open)) {
            if (!log.isQuiet(idleNanos) || log.wasFound() && log.hasRest()) {
                continue;
            }
            if (!log.wasFound() && log.hasRest() && !sendRest(log)) {
                continue;
            }
            close(log);
            open.remove(log);
            if (!log.wasFound()) {
                folders.forget(log);
            }
        }
    }

    /** The file is gone, and its last line has no newline: nobody will write its end. */
    private boolean sendRest(FollowedLog log) {
        batch.clear();
        try {
            read(log, true);
        } catch (IOException e) {
            LOG.warn("{} cannot be read to its end ({})", log.path(), e.toString());
            return true;
        }
        return batch.events().isEmpty() || send();
    }

    private void save() {
        try {
            positions.save();
        } catch (IOException e) {
            LOG.warn("source {}: positions cannot be written ({}); a start would read lines again,"
                    + " which the receiver drops", getName(), e.toString());
        }
    }

    private static void close(FollowedLog log) {
        try {
            log.close();
        } catch (IOException e) {
            LOG.warn("{} cannot be closed ({})", log.path(), e.toString());
        }
    }
}
