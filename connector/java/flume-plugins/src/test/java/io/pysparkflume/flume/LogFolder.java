package io.pysparkflume.flume;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.apache.flume.ChannelException;
import org.apache.flume.Context;
import org.apache.flume.Event;
import org.apache.flume.PollableSource.Status;
import org.apache.flume.channel.ChannelProcessor;

/** A folder with logs, and a source that follows them into a channel that keeps all events. */
final class LogFolder {
    final Path folder;
    final Path positions;

    /** What the channel took, in order. */
    final List<Event> events = new ArrayList<>();

    /** So many batches are refused. */
    int refused;

    /** What happens while a batch is on its way. */
    Runnable meanwhile = () -> {};

    /** What each log is read through. */
    UnaryOperator<FileChannel> fileWrapper = UnaryOperator.identity();

    private final Map<String, String> keys = new HashMap<>();
    private GrowingLogSource source;

    LogFolder(Path directory) throws IOException {
        folder = Files.createDirectory(directory.resolve("logs"));
        positions = directory.resolve("state/positions.json");
        set("filegroups", "log");
        set("filegroups.log", folder + "/access[.]log.*");
        set("positionFile", positions.toString());
        set("scanMillis", "1");
        set("positionMillis", "1");
    }

    void set(String key, String value) {
        keys.put(key, value);
    }

    GrowingLogSource start() {
        source = new GrowingLogSource();
        source.setName("logs");
        source.setFileWrapper(fileWrapper);
        source.configure(new Context(keys));
        source.setChannelProcessor(new ChannelProcessor(null) {
            @Override
            public void processEventBatch(List<Event> batch) {
                meanwhile.run();
                if (refused > 0) {
                    refused--;
                    throw new ChannelException("refused");
                }
                events.addAll(batch);
            }
        });
        source.start();
        return source;
    }

    /** The agent is killed: what it holds in memory is gone. */
    void kill() {
        source = null;
    }

    void stop() {
        source.stop();
    }

    /** Sends a batch, if there is one. */
    Status process() {
        return source.process();
    }

    /** Lets the source do all that there is to do; two scans are needed to see that a log is gone. */
    void settle() throws Exception {
        int scans = source.scans();
        while (source.scans() < scans + 3) {
            if (source.process() == Status.READY || refused > 0) {
                scans = source.scans();
            }
            Thread.sleep(1);
        }
    }

    Path append(String name, String text) throws IOException {
        Path log = folder.resolve(name);
        Files.writeString(log, text, UTF_8, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        return log;
    }

    void rename(String from, String to) throws IOException {
        Files.move(folder.resolve(from), folder.resolve(to));
    }

    /** As truncate(2): the same inode, without content. */
    void truncate(String name) throws IOException {
        Files.newByteChannel(
                folder.resolve(name),
                StandardOpenOption.WRITE, StandardOpenOption.TRUNCATE_EXISTING).close();
    }

    static String body(Event event) {
        return new String(event.getBody(), UTF_8);
    }

    List<String> bodies() {
        return events.stream().map(LogFolder::body).toList();
    }

    /** What a receiver keeps: one event of each place. */
    List<String> deduplicated() {
        Map<String, String> found = new LinkedHashMap<>();
        for (Event event : events) {
            Map<String, String> headers = event.getHeaders();
            found.put(headers.get("file") + " " + headers.get("offset"), body(event));
        }
        return List.copyOf(found.values());
    }
}
