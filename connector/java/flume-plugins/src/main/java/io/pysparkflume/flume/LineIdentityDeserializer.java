package io.pysparkflume.flume;

import com.google.common.base.Preconditions;
import java.io.File;
import java.io.IOException;
import java.lang.reflect.Field;
import java.util.AbstractList;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.apache.flume.Context;
import org.apache.flume.Event;
import org.apache.flume.FlumeException;
import org.apache.flume.event.SimpleEvent;
import org.apache.flume.serialization.EventDeserializer;
import org.apache.flume.serialization.ResettableFileInputStream;
import org.apache.flume.serialization.ResettableInputStream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads a spooled file line by line, and gives each event the place of its line.
 *
 * <p>Flume delivers an event at least once, and Flume's own events have no identity, so a receiver
 * cannot tell a line sent twice from two equal lines. Here an event carries three headers, which
 * are the same each time the line is read:
 *
 * <ul>
 *   <li>{@code file}: the file's absolute path; with an origin, {@code <origin>:<path>}.
 *   <li>{@code offset}: the byte of the file at which the line begins, decimal.
 *   <li>{@code end}: the byte after the line and its newline, decimal; always greater.
 * </ul>
 *
 * <p>Otherwise it works like Flume's LineDeserializer: the body is the line without its newline, a
 * carriage return is kept, and a line that is too long becomes several events, each with its own
 * {@code offset} and {@code end}. There are two differences:
 *
 * <ul>
 *   <li>The body is the file's own bytes. The source's {@code inputCharset} has no effect: Flume
 *       decodes character by character, at a cost of 4 µs a line, only to encode the same bytes
 *       again. A file in UTF-16 or UTF-32, where a newline is more than one byte, needs Flume's
 *       deserializer.
 *   <li>A file without a line gives no event. Flume's makes an empty event, which would have no
 *       place. It would also follow a file that has lines if the agent was killed after reading the
 *       last line and before renaming the file.
 * </ul>
 *
 * <p>Keys, each with the prefix {@code deserializer.}:
 *
 * <ul>
 *   <li>{@code maxLineLength}: the most bytes of a line in one event; default: 1048576.
 *   <li>{@code origin}: distinguishes this agent's files from another agent's with the same paths;
 *       default: none. Two agents that feed one receiver need different origins.
 * </ul>
 *
 * <p>Keep the source's own {@code fileHeader} off, or give it another key: otherwise it replaces
 * {@code file} and drops the origin.
 */
public final class LineIdentityDeserializer implements EventDeserializer {
    private static final Logger LOG = LoggerFactory.getLogger(LineIdentityDeserializer.class);
    private static final int MIB = 1 << 20;
    private static final int BUFFER_BYTES = 16384; // the same as the stream's

    /** An empty list to which the spooldir source cannot add an event of its own. */
    private static final List<Event> NONE = new AbstractList<>() {
        @Override
        public boolean add(Event event) {
            return false;
        }

        @Override
        public Event get(int index) {
            throw new IndexOutOfBoundsException(index);
        }

        @Override
        public int size() {
            return 0;
        }
    };

    private final ResettableFileInputStream in;
    private final String file;
    private final int maxLineLength;

    /** Bytes [next, limit) have been read from the stream, and are not in an event yet. */
    private byte[] buffer = new byte[BUFFER_BYTES];

    private int next;
    private int limit;
    private boolean isOpen = true;

    LineIdentityDeserializer(Context context, ResettableInputStream in) {
        String path = pathOf(in);
        this.in = (ResettableFileInputStream) in;
        String origin = context.getString("origin", "");
        file = origin.isEmpty() ? path : origin + ":" + path;
        maxLineLength = context.getInteger("maxLineLength", MIB);
        Preconditions.checkArgument(
                maxLineLength > 0,
                "deserializer.maxLineLength is %s; set it to 1 or more bytes", maxLineLength);
        if (context.containsKey("outputCharset")) {
            throw new FlumeException(
                    "LineIdentityDeserializer passes a file's bytes unchanged; remove"
                            + " deserializer.outputCharset, or use Flume's deserializer LINE");
        }
    }

    /** Returns the next line's event; null at the end of the file. */
    @Override
    public Event readEvent() throws IOException {
        Preconditions.checkState(isOpen, "%s has been closed", file);
        long offset = position();
        int length = lineLength();
        int newline = next + length < limit && length < maxLineLength ? 1 : 0;
        if (length + newline == 0) {
            return null;
        }
        if (length == maxLineLength) {
            LOG.warn("{}: the line at byte {} has {} bytes or more and becomes several events;"
                    + " raise deserializer.maxLineLength", file, offset, maxLineLength);
        }
        Event event = new SimpleEvent();
        event.setBody(Arrays.copyOfRange(buffer, next, next + length));
        next += length + newline;
        Map<String, String> headers = event.getHeaders();
        headers.put("file", file);
        headers.put("offset", Long.toString(offset));
        headers.put("end", Long.toString(offset + length + newline));
        return event;
    }

    /** Returns the events of at most {@code numEvents} lines; none at the end of the file. */
    @Override
    public List<Event> readEvents(int numEvents) throws IOException {
        List<Event> events = new ArrayList<>();
        while (events.size() < numEvents) {
            Event event = readEvent();
            if (event == null) {
                break;
            }
            events.add(event);
        }
        return events.isEmpty() ? NONE : events;
    }

    @Override
    public void mark() throws IOException {
        in.markPosition(position());
    }

    @Override
    public void reset() throws IOException {
        next = limit = 0;
        in.reset();
    }

    /** Goes back to the last mark first, because the next reader of the file continues there. */
    @Override
    public void close() throws IOException {
        if (isOpen) {
            reset();
            in.close();
            isOpen = false;
        }
    }

    /** Returns the position of {@code buffer[next]} in the file. */
    private long position() throws IOException {
        return in.tell() - (limit - next);
    }

    /** Reads the next line, or as much as one event may have; returns the length in the buffer. */
    private int lineLength() throws IOException {
        int length = 0;
        while (length < maxLineLength) {
            if (next + length == limit && !readMore()) {
                break;
            }
            if (buffer[next + length] == '\n') {
                break;
            }
            length++;
        }
        return length;
    }

    /** Reads at least one more byte into the buffer; false at the end of the file. */
    private boolean readMore() throws IOException {
        if (limit == buffer.length) {
            int left = limit - next;
            // If a line fills half of the buffer, enlarge it: otherwise each read moves the line.
            byte[] target = left > buffer.length / 2 ? new byte[2 * buffer.length] : buffer;
            System.arraycopy(buffer, next, target, 0, left);
            buffer = target;
            next = 0;
            limit = left;
        }
        int read = in.read(buffer, limit, buffer.length - limit);
        limit += Math.max(read, 0);
        return read > 0;
    }

    /** Takes the path from the stream's private field: Flume does not pass it on. */
    private static String pathOf(ResettableInputStream in) {
        try {
            Field file = ResettableFileInputStream.class.getDeclaredField("file");
            file.setAccessible(true);
            return ((File) file.get(in)).getAbsolutePath();
        } catch (ReflectiveOperationException | RuntimeException e) {
            throw new FlumeException(
                    "The spooldir source's stream does not give its file, so lines would have no"
                            + " identity; use Flume 1.11 or its deserializer LINE",
                    e);
        }
    }

    /** Used in a conf: {@code deserializer = …LineIdentityDeserializer$Builder}. */
    public static final class Builder implements EventDeserializer.Builder {
        @Override
        public EventDeserializer build(Context context, ResettableInputStream in) {
            return new LineIdentityDeserializer(context, in);
        }
    }
}
