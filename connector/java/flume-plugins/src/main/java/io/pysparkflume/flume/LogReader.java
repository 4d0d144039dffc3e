package io.pysparkflume.flume;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Reads the logs of all groups in turn, and keeps few of them open. */
final class LogReader {
    private static final Logger LOG = LoggerFactory.getLogger(LogReader.class);

    /** A look at all folders may take a tenth of the time. */
    private static final int SCAN_SHARE = 10;

    private static final long TIDY_NANOS = TimeUnit.SECONDS.toNanos(1);

    private final LogFolders folders;
    private final int openMax;
    private final long scanNanos;
    private final long idleNanos;
    private final Runnable onFailure;

    /** Logs that may have lines to read, the next first. */
    private final Deque<FollowedLog> queue = new ArrayDeque<>();

    /** The one that was read last is the last one. */
    private final Set<FollowedLog> open = new LinkedHashSet<>();

    private int scans;
    private long nextScan = System.nanoTime();
    private long nextTidy = System.nanoTime();

    /**
     * Makes a reader that has not read yet.
     *
     * @param onFailure is run for each log that cannot be read
     */
    LogReader(
            LogFolders folders, int openMax, long scanNanos, long idleNanos, Runnable onFailure) {
        this.folders = folders;
        this.openMax = openMax;
        this.scanNanos = scanNanos;
        this.idleNanos = idleNanos;
        this.onFailure = onFailure;
    }

    /** How often it has looked at all folders. */
    int scans() {
        return scans;
    }

    /** Reads lines until the batch is full, or there are no more. */
    void fill(LogBatch batch) {
        long now = System.nanoTime();
        if (now - nextScan >= 0) {
            scan(now);
        }
        if (queue.isEmpty()) {
            open.stream().filter(LogReader::hasGrown).forEach(queue::add);
        }
        while (!batch.isFull() && !queue.isEmpty()) {
            FollowedLog log = queue.poll();
            try {
                if (read(log, batch)) {
                    queue.add(log);
                }
            } catch (IOException e) {
                LOG.warn("{} cannot be read now ({}); trying again", log.path(), e.toString());
                onFailure.run();
                log.lookAgain();
                close(log);
                open.remove(log);
            }
        }
    }

    /** What the channel did not take is read again, first of all. */
    void rollback(Set<FollowedLog> logs) {
        logs.forEach(FollowedLog::rollback);
        Set<FollowedLog> again = new LinkedHashSet<>(logs);
        again.addAll(queue);
        queue.clear();
        queue.addAll(again);
    }

    /**
     * Closes logs to which nobody writes any more.
     *
     * @param underWay logs with lines that are on their way to the channel
     */
    void tidy(Set<FollowedLog> underWay) {
        long now = System.nanoTime();
        if (now - nextTidy < 0) {
            return;
        }
        nextTidy = now + TIDY_NANOS;
        for (FollowedLog log : List.copyOf(open)) {
            boolean isQuiet = log.isQuiet(idleNanos) && !underWay.contains(log);
            if (isQuiet && log.hasRest() && !log.wasFound()) {
                log.end();
                queue.add(log);
            } else if (isQuiet && !log.hasRest()) {
                close(log);
                open.remove(log);
                if (!log.wasFound()) {
                    folders.forget(log);
                }
            }
        }
    }

    void close() {
        open.forEach(LogReader::close);
        open.clear();
    }

    private void scan(long began) {
        Set<FollowedLog> queued = new LinkedHashSet<>(queue);
        queued.addAll(folders.scan());
        queue.clear();
        queue.addAll(queued);
        scans++;
        long ended = System.nanoTime();
        nextScan = ended + Math.max(scanNanos, SCAN_SHARE * (ended - began));
    }

    private static boolean hasGrown(FollowedLog log) {
        try {
            return log.hasGrown();
        } catch (IOException e) {
            return true; // reading it tells what is wrong
        }
    }

    private boolean read(FollowedLog log, LogBatch batch) throws IOException {
        if (!log.isOpen()) {
            makeRoom();
            log.open();
        }
        open.remove(log);
        open.add(log);
        return log.read(batch);
    }

    /** Closes the logs read longest ago; what is gone could not be opened again. */
    private void makeRoom() {
        Iterator<FollowedLog> each = open.iterator();
        while (open.size() >= openMax && each.hasNext()) {
            FollowedLog log = each.next();
            if (log.wasFound()) {
                close(log);
                each.remove();
            }
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
