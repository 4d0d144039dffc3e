package io.pysparkflume.flume;

import com.google.common.base.Preconditions;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
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

    private int batchSize;
    private long pollMillis;
    private long positionNanos;

    private LogPositions positions;
    private LogReader logs;

    /** The lines that are sent next, and those that are read meanwhile. */
    private LogBatch batch;

    private LogBatch ahead;
    private ExecutorService thread;

    private long nextSave;
    private SourceCounter counter;

    /** What each log is read through; a test may do something between two reads. */
    private UnaryOperator<FileChannel> fileWrapper = UnaryOperator.identity();

    void setFileWrapper(UnaryOperator<FileChannel> fileWrapper) {
        this.fileWrapper = fileWrapper;
    }

    @Override
    public void configure(Context context) {
        String name = "source " + getName();
        List<LogGroup> groups = LogGroup.of(context, name);
        Path file = Path.of(required(context, "positionFile")).toAbsolutePath().normalize();
        Pattern ignored = pattern(context);
        refuseItsOwn(groups, file, ignored);
        batchSize = positive(context.getInteger("batchSize", 1000), "batchSize");
        int openMax = positive(context.getInteger("maxOpenFiles", 100), "maxOpenFiles");
        pollMillis = positive(context.getInteger("pollMillis", 200), "pollMillis");
        long scanNanos = nanos(positive(context.getInteger("scanMillis", 500), "scanMillis"));
        positionNanos = nanos(positive(context.getInteger("positionMillis", 1000), "positionMillis"));
        long idleNanos = nanos(1000L * positive(context.getInteger("idleSeconds", 60), "idleSeconds"));
        int lineMax = positive(context.getInteger("maxLineLength", MIB), "maxLineLength");
        int lines = positive(context.getInteger("fingerprintLines", 1), "fingerprintLines");
        boolean withDevice = context.getBoolean("identityDevice", true);
        refuseCharset(context, "inputCharset");
        refuseCharset(context, "outputCharset");

        if (counter == null) {
            counter = new SourceCounter(getName());
        }
        Map<String, FollowedLog> byFile = new HashMap<>();
        positions = new LogPositions(file, byFile.keySet());
        LogReading reading = new LogReading(
                positions, byFile, fileWrapper, new LineBuffer(lineMax), lineMax, lines, withDevice);
        LogFolders folders = new LogFolders(groups, ignored, reading, byFile);
        logs = new LogReader(
                folders, openMax, scanNanos, idleNanos, () -> counter.incrementEventReadFail());
        String origin = context.getString("origin", "");
        String pathHeader = context.getString("pathHeader", "");
        batch = new LogBatch(batchSize, origin, pathHeader);
        ahead = new LogBatch(batchSize, origin, pathHeader);
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
        thread = Executors.newSingleThreadExecutor(work -> {
            Thread reader = new Thread(work, getName() + "-reader");
            reader.setDaemon(true);
            return reader;
        });
        nextSave = System.nanoTime() + positionNanos;
        counter.start();
        super.start();
    }

    @Override
    public void stop() {
        super.stop();
        thread.shutdown();
        logs.close();
        save();
        counter.stop();
        LOG.info("source {} stopped: {}", getName(), counter);
    }

    /** Sends the next batch, which may have lines of several logs, and reads on meanwhile. */
    @Override
    public Status process() {
        if (batch.events().isEmpty()) {
            batch.clear();
            logs.fill(batch);
        }
        Status status = batch.events().isEmpty() || !send() ? Status.BACKOFF : Status.READY;
        logs.tidy(batch.reached().keySet());
        long now = System.nanoTime();
        if (now - nextSave >= 0) {
            save();
            nextSave = System.nanoTime() + positionNanos;
        }
        return status;
    }

    private boolean send() {
        if (positions.lacksALog()) {
            save();
        }
        Future<?> filled = thread.submit(() -> logs.fill(ahead));
        boolean sent = sent(batch);
        join(filled);
        if (!sent) {
            rollback();
            return false;
        }
        batch.reached().forEach(FollowedLog::commit);
        batch.clear();
        LogBatch empty = batch;
        batch = ahead;
        ahead = empty;
        return true;
    }

    /** Waits for the reader even if this thread is to stop: both use the same logs. */
    private void join(Future<?> filled) {
        boolean interrupted = false;
        while (true) {
            try {
                filled.get();
                break;
            } catch (InterruptedException e) {
                interrupted = true;
            } catch (ExecutionException e) {
                LOG.error("source {}: reading failed; trying again", getName(), e.getCause());
                break;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private boolean sent(LogBatch lines) {
        int count = lines.events().size();
        counter.addToEventReceivedCount(count);
        counter.incrementAppendBatchReceivedCount();
        try {
            getChannelProcessor().processEventBatch(lines.events());
        } catch (ChannelException e) {
            LOG.warn("source {}: the channel did not take {} lines ({}); reading them again",
                    getName(), count, e.getMessage());
            counter.incrementChannelWriteFail();
            return false;
        }
        counter.addToEventAcceptedCount(count);
        counter.incrementAppendBatchAcceptedCount();
        return true;
    }

    private void rollback() {
        Set<FollowedLog> again = new LinkedHashSet<>(batch.reached().keySet());
        again.addAll(ahead.reached().keySet());
        logs.rollback(again);
        batch.clear();
        ahead.clear();
    }

    /** How often it has looked at all folders. */
    int scans() {
        return logs.scans();
    }

    private void save() {
        try {
            positions.save();
        } catch (IOException e) {
            LOG.warn("source {}: positions cannot be written ({}); a start would read lines again,"
                    + " which the receiver drops", getName(), e.toString());
        }
    }
}
