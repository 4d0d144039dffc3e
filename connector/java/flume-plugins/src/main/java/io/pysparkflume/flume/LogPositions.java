package io.pysparkflume.flume;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.google.gson.JsonElement;
import com.google.gson.JsonParser;
import java.io.FileOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How far each log has been read, in memory and in a file.
 *
 * <p>The file only saves work: without it all logs are read again from their beginning, with the
 * same identities, so that the receiver recognises their lines. It is JSON, one log a line, and is
 * replaced as a whole.
 */
final class LogPositions {
    /** Logs that are gone are remembered, so that a new one on the same inode is told from them. */
    private static final int GONE_MAX = 1000;

    private static final Logger LOG = LoggerFactory.getLogger(LogPositions.class);

    private final Path path;
    private final Set<String> present;

    /** By device and inode; the log that was last read is the last one. */
    private final Map<String, LogPosition> positions = new LinkedHashMap<>();

    private boolean changed;
    private boolean hasBegun;

    /**
     * Makes an empty one.
     *
     * @param path the file
     * @param present the logs that are there at any moment, by device and inode; of others only the
     *     last ones are kept
     */
    LogPositions(Path path, Set<String> present) {
        this.path = path;
        this.present = present;
    }

    /** Reads the file; one that is not there or damaged counts as empty. */
    void load() {
        try {
            for (JsonElement each : JsonParser.parseString(Files.readString(path)).getAsJsonArray()) {
                LogPosition position = LogPosition.of(each.getAsJsonObject());
                positions.put(position.file(), position);
            }
        } catch (NoSuchFileException e) {
            LOG.info("{} is not there yet; all logs are read from their beginning", path);
        } catch (IOException | RuntimeException e) { // a key that is missing or of another type
            positions.clear();
            LOG.warn("{} cannot be read ({}); all logs are read again from their beginning, and the"
                    + " receiver drops the lines that it has", path, e.getMessage());
        }
    }

    LogPosition of(String file) {
        return positions.get(file);
    }

    Collection<LogPosition> all() {
        return positions.values();
    }

    /** Whether a log has this identity, or has had it. */
    boolean hasIdentity(String identity) {
        return positions.values().stream().anyMatch(each -> each.identity().equals(identity));
    }

    /** Notes what the channel has. Meanwhile the file may have begun other content. */
    void noteReached(LogPosition reached) {
        LogPosition now = positions.get(reached.file());
        boolean isCurrent = now == null || now.identity().equals(reached.identity());
        LogPosition noted = isCurrent ? now : positions.get(reached.ended().file());
        boolean hasCopy = noted == null ? !isCurrent : noted.isContinued();
        LogPosition next = isCurrent ? reached : reached.ended();
        put(hasCopy ? next.markedContinued() : next);
    }

    void put(LogPosition position) {
        positions.remove(position.file());
        positions.put(position.file(), position);
        changed = true;
    }

    /** Notes a log of which nothing was sent yet. */
    void begin(LogPosition position) {
        put(position);
        hasBegun = true;
    }

    /** Whether the file lacks a log that has begun: after a kill a copy of it would be another log. */
    boolean lacksALog() {
        return hasBegun;
    }

    /** Writes the file if anything has changed. */
    void save() throws IOException {
        if (!changed) {
            return;
        }
        int gone = positions.size() - present.size();
        var each = positions.keySet().iterator();
        while (gone > GONE_MAX && each.hasNext()) {
            if (!present.contains(each.next())) {
                each.remove();
                gone--;
            }
        }
        StringBuilder text = new StringBuilder("[");
        for (LogPosition position : positions.values()) {
            text.append(text.length() > 1 ? ",\n" : "\n").append(position.json());
        }
        write(text.append("\n]\n").toString().getBytes(UTF_8));
        changed = false;
        hasBegun = false;
    }

    /** Replaces the file in one step, so that a kill leaves the old one or the new one. */
    private void write(byte[] text) throws IOException {
        Files.createDirectories(path.getParent());
        Path next = path.resolveSibling(path.getFileName() + ".next");
        try (FileOutputStream file = new FileOutputStream(next.toFile())) {
            file.write(text);
            file.getFD().sync();
        }
        Files.move(next, path, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }
}
