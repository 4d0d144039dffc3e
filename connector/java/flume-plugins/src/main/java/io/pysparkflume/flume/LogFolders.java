package io.pysparkflume.flume;

import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Finds the logs of all groups, and recognises a log that was renamed. */
final class LogFolders {
    private static final Logger LOG = LoggerFactory.getLogger(LogFolders.class);

    private final List<LogGroup> groups;
    private final Pattern ignored;
    private final LogReading reading;

    /** By the file system's key for device and inode. */
    private final Map<Object, FollowedLog> logs = new HashMap<>();

    private final Map<String, FollowedLog> byFile;

    private final Set<Object> missedOnce = new HashSet<>();
    private final Set<Path> unreadable = new HashSet<>(); // each is reported once
    private boolean first = true;

    /**
     * Makes one that has not looked yet.
     *
     * @param byFile gets each log that is there or open, by device and inode
     */
    LogFolders(
            List<LogGroup> groups,
            Pattern ignored,
            LogReading reading,
            Map<String, FollowedLog> byFile) {
        this.groups = groups;
        this.ignored = ignored;
        this.reading = reading;
        this.byFile = byFile;
    }

    /** Looks at each file once; returns the logs that may have lines to read, the oldest first. */
    List<FollowedLog> scan() {
        Scan scan = new Scan();
        groups.forEach(scan::matching);
        scan.renamedOutOfTheirGroup();
        scan.missing();
        first = false;
        return scan.changed();
    }

    /** Forgets a log that is gone and closed. */
    void forget(FollowedLog log) {
        logs.values().remove(log);
        byFile.remove(log.file());
    }

    private record Changed(FollowedLog log, long millis) {}

    private record Other(LogGroup group, Path path) {}

    /** One look at all folders. */
    private final class Scan {
        private final List<Changed> changed = new ArrayList<>();
        private final List<Other> others = new ArrayList<>(); // in a group's folder, not of the group
        private final Set<Object> found = new HashSet<>();

        void matching(LogGroup group) {
            try (DirectoryStream<Path> files = Files.newDirectoryStream(group.folder())) {
                for (Path path : files) {
                    if (ignored.matcher(path.getFileName().toString()).matches()) {
                        continue;
                    }
                    if (group.matches(path)) {
                        look(group, path, true);
                    } else {
                        others.add(new Other(group, path));
                    }
                }
                unreadable.remove(group.folder());
            } catch (IOException | DirectoryIteratorException e) {
                warnOnce(group.folder(), "cannot be listed", e);
            }
        }

        /** A log keeps its place in the order of things under whatever name. */
        void renamedOutOfTheirGroup() {
            boolean isMissing = first ? !reading.positions().all().isEmpty()
                    : found.size() < logs.size();
            if (isMissing) {
                others.forEach(other -> look(other.group, other.path, false));
            }
        }

        private void look(LogGroup group, Path path, boolean isNew) {
            try {
                BasicFileAttributes file = Files.readAttributes(path, BasicFileAttributes.class);
                if (file.isRegularFile()) {
                    FollowedLog log = logs.get(file.fileKey());
                    if (log == null) {
                        log = begin(path, file, isNew);
                    }
                    if (log != null && found.add(file.fileKey())) {
                        found(log, group, path, file);
                    }
                }
            } catch (NoSuchFileException e) {
                LOG.debug("{} was renamed or deleted a moment ago", path);
            } catch (IOException e) {
                warnOnce(path, "cannot be looked at", e);
            }
        }

        private FollowedLog begin(Path path, BasicFileAttributes seen, boolean isNew)
                throws IOException {
            String file = reading.fileOf(path);
            BasicFileAttributes now = Files.readAttributes(path, BasicFileAttributes.class);
            if (!now.fileKey().equals(seen.fileKey())) {
                return null; // renamed between the two looks; the next scan finds it
            }
            if (!isNew && reading.positions().of(file) == null) {
                return null; // never followed
            }
            FollowedLog log = new FollowedLog(file, reading);
            logs.put(seen.fileKey(), log);
            byFile.put(file, log);
            return log;
        }

        private void found(FollowedLog log, LogGroup group, Path path, BasicFileAttributes file) {
            long millis = file.lastModifiedTime().toMillis();
            if (log.foundAt(group, path, file.size(), millis)) {
                changed.add(new Changed(log, millis));
            }
        }

        /** A rename may hide a file from one scan, so only the second miss counts. */
        void missing() {
            missedOnce.retainAll(logs.keySet());
            missedOnce.removeAll(found);
            Iterator<Map.Entry<Object, FollowedLog>> each = logs.entrySet().iterator();
            while (each.hasNext()) {
                Map.Entry<Object, FollowedLog> entry = each.next();
                FollowedLog log = entry.getValue();
                if (found.contains(entry.getKey()) || missedOnce.add(entry.getKey())) {
                    continue;
                }
                log.isGone();
                if (!log.isOpen()) {
                    each.remove();
                    byFile.remove(log.file());
                }
            }
        }

        List<FollowedLog> changed() {
            changed.sort(Comparator.comparingLong(Changed::millis));
            return changed.stream().map(Changed::log).toList();
        }
    }

    private void warnOnce(Path path, String fact, Exception e) {
        if (unreadable.add(path)) {
            LOG.warn("{} {} ({}); trying again until it can", path, fact, e.toString());
        }
    }
}
