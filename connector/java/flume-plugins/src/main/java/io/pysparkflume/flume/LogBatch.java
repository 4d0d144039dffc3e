package io.pysparkflume.flume;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.flume.Event;
import org.apache.flume.event.SimpleEvent;

/** The lines that are under way to the channel, and where each log stands when they are there. */
final class LogBatch {
    /** 8 MiB: a batch of long lines must not fill the memory. */
    private static final int BYTES_MAX = 8 << 20;

    private final int eventsMax;
    private final String origin;
    private final String pathHeader;
    private final Map<FollowedLog, LogPosition> reached = new LinkedHashMap<>();

    private List<Event> events = new ArrayList<>();
    private long bytes;

    /**
     * Makes an empty batch.
     *
     * @param origin precedes each log's identity; may be empty
     * @param pathHeader the header that gets a log's path; empty: none
     */
    LogBatch(int eventsMax, String origin, String pathHeader) {
        this.eventsMax = eventsMax;
        this.origin = origin.isEmpty() ? "" : origin + ":";
        this.pathHeader = pathHeader;
    }

    List<Event> events() {
        return events;
    }

    Map<FollowedLog, LogPosition> reached() {
        return reached;
    }

    boolean isFull() {
        return events.size() >= eventsMax || bytes >= BYTES_MAX;
    }

    /** What the events of one log have in common. */
    Map<String, String> headersOf(LogPosition position, LogGroup group, Path path) {
        Map<String, String> headers = new HashMap<>(group.headers());
        if (!pathHeader.isEmpty()) {
            headers.put(pathHeader, path.toString());
        }
        headers.put("file", origin + position.identity());
        return headers;
    }

    void add(byte[] body, Map<String, String> common, long offset, long end) {
        Event event = new SimpleEvent();
        event.setBody(body);
        Map<String, String> headers = event.getHeaders();
        headers.putAll(common);
        headers.put("offset", Long.toString(offset));
        headers.put("end", Long.toString(end));
        events.add(event);
        bytes += body.length;
    }

    void reached(FollowedLog log, LogPosition position) {
        reached.put(log, position);
    }

    /** Begins the next batch; a channel may still hold the old list. */
    void clear() {
        events = new ArrayList<>(Math.min(eventsMax, 1000));
        reached.clear();
        bytes = 0;
    }
}
