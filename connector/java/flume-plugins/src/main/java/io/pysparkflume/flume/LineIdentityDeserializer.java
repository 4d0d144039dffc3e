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
 * Reads a spooled file line by line, and gives each event the place it came from.
 *
 * <p>Flume delivers an event at least once, and Flume's own events have no identity, so a receiver
 * cannot tell a line sent twice from two equal lines. Here an event carries three headers, the same
 * whenever the line is read:
 *
 * <ul>
 *   <li>{@code file}: the file's absolute path; with an origin, {@code <origin>:<path>}.
 *   <li>{@code offset}: the byte of the file at which the line begins, decimal.
 *   <li>{@code end}: the byte behind the line and its newline, decimal; always greater.
 * </ul>
 *
 * <p>Otherwise it does as Flume's LineDeserializer: the body is the line without its newline, a
 * carriage return stays, and a line that is too long becomes several events, each with its own
 * {@code offset} and {@code end}. It differs in two things:
 *
 * <ul>
 *   <li>The body is the file's own bytes. The source's {@code inputCharset} has no effect: Flume
 *       decodes character by character, at a cost of 4 µs a line, to encode the same bytes again. A
 *       file in UTF-16 or UTF-32, whose newline is no single byte, needs Flume's deserializer.
 *   <li>A file without a line gives no event. Flume makes up an empty one: it would have no place,
 *       and would come behind a whole file, too, if the agent was killed between the file's last
 *       line and its renaming.
 * </ul>
 *
 * <p>Keys, each with the prefix {@code deserializer.}:
 *
 * <ul>
 *   <li>{@code maxLineLength}: bytes of a line before it becomes several events, 1048576.
 *   <li>{@code origin}: what tells this agent's files from those of another agent with the same
 *       paths, none. Two agents that feed one receiver need one each.
 * </ul>
 *
 * <p>The source's own {@code fileHeader} stays off, or has another key: it would replace
 * {@code file} and drop the origin.
 */
public final class LineIdentityDeserializer implements EventDeserializer {
    private static final Logger LOG = LoggerFactory.getLogger(LineIdentityDeserializer.class);
    private static final int MIB = 1 << 20;
    private static final int BUFFER_BYTES = 16384; // as the stream's

    /** No event, and the spooldir source can't add one of its own making. */
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

    /** Bytes [next, limit) are read from the stream, and not yet in an event. */
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

    /** The next line; null at the end of the file. */
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

    /** The next lines, {@code numEvents} at most; none at the end of the file. */
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

    /** What was read since the last mark is read again by the next one who opens the file. */
    @Override
    public void close() throws IOException {
        if (isOpen) {
            reset();
            in.close();
            isOpen = false;
        }
    }

    /** Where in the file {@code buffer[next]} is. */
    private long position() throws IOException {
        return in.tell() - (limit - next);
    }

    /** Bytes of the next line, without newline, that go into one event; then in the buffer. */
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

    /** Puts at least one more byte behind those in the buffer; false at the end of the file. */
    private boolean readMore() throws IOException {
        if (limit == buffer.length) {
            int left = limit - next;
            // A line that fills half of it needs a larger one, or each read would move it again.
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

    /** Flume hands a deserializer the stream without the file's name, so it is taken from there. */
    private static String pathOf(ResettableInputStream in) {
        try {
            Field file = ResettableFileInputStream.class.getDeclaredField("file");
            file.setAccessible(true);
            return ((File) file.get(in)).getAbsolutePath();
        } catch (ReflectiveOperationException | RuntimeException e) {
            throw new FlumeException(
                    "The spooldir source's stream does not tell its file, so lines would have no"
                            + " identity; use Flume 1.11 or its deserializer LINE",
                    e);
        }
    }

    /** Named in the conf: {@code deserializer = …LineIdentityDeserializer$Builder}. */
    public static final class Builder implements EventDeserializer.Builder {
        @Override
        public EventDeserializer build(Context context, ResettableInputStream in) {
            return new LineIdentityDeserializer(context, in);
        }
    }
}
