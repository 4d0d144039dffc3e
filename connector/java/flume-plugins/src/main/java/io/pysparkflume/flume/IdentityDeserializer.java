package io.pysparkflume.flume;

import static java.nio.charset.StandardCharsets.UTF_8;

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

/**
 * Reads a spooled file event by event, and gives each event its place in the file.
 *
 * <p>Flume delivers an event at least once, and Flume's own events have no identity, so a receiver
 * cannot tell an event sent twice from two equal events. Here an event carries three headers, which
 * are the same each time it is read:
 *
 * <ul>
 *   <li>{@code file}: the file's absolute path; with an origin, {@code <origin>:<path>}.
 *   <li>{@code offset}: the byte of the file at which the event begins, decimal.
 *   <li>{@code end}: the byte after the event and its newline, decimal; always greater.
 * </ul>
 *
 * <p>A subclass decides where the next event ends. That must depend only on the bytes from its
 * beginning on: after a rollback the same events are read again.
 */
abstract class IdentityDeserializer implements EventDeserializer {
    /** 1 MiB: the default for the most bytes of an event. */
    protected static final int MIB = 1 << 20;

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

    /** The file's name in the header {@code file}. */
    protected final String file;

    private final ResettableFileInputStream in;

    /** Bytes [next, limit) have been read from the stream, and are not in an event yet. */
    private byte[] buffer = new byte[BUFFER_BYTES];

    private int next;
    private int limit;
    private boolean isOpen = true;

    /**
     * Opens a file of the spooldir source.
     *
     * @param context the keys of the conf, without their prefix {@code deserializer.}
     */
    protected IdentityDeserializer(Context context, ResettableInputStream in) {
        String path = pathOf(in);
        this.in = (ResettableFileInputStream) in;
        String origin = context.getString("origin", "");
        file = origin.isEmpty() ? path : origin + ":" + path;
        if (context.containsKey("outputCharset")) {
            throw new FlumeException(
                    getClass().getSimpleName() + " passes a file's bytes unchanged; remove"
                            + " deserializer.outputCharset, or use Flume's deserializer LINE");
        }
    }

    /** The bytes of an event's body, and those up to the next event; 0 at the end of the file. */
    protected record Extent(int body, int end) {}

    /** Finds the end of the next event, which begins at {@code byteAt(0)}. */
    protected abstract Extent nextExtent() throws IOException;

    /** Returns the next event; null at the end of the file. */
    @Override
    public final Event readEvent() throws IOException {
        Preconditions.checkState(isOpen, "%s has been closed", file);
        long offset = position();
        Extent extent = nextExtent();
        if (extent.end == 0) {
            return null;
        }
        Event event = new SimpleEvent();
        event.setBody(Arrays.copyOfRange(buffer, next, next + extent.body));
        next += extent.end;
        Map<String, String> headers = event.getHeaders();
        headers.put("file", file);
        headers.put("offset", Long.toString(offset));
        headers.put("end", Long.toString(offset + extent.end));
        return event;
    }

    /** Returns at most {@code numEvents} events; none at the end of the file. */
    @Override
    public final List<Event> readEvents(int numEvents) throws IOException {
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
    public final void mark() throws IOException {
        in.markPosition(position());
    }

    @Override
    public final void reset() throws IOException {
        next = limit = 0;
        in.reset();
    }

    /** Goes back to the last mark first, because the next reader of the file continues there. */
    @Override
    public final void close() throws IOException {
        if (isOpen) {
            reset();
            in.close();
            isOpen = false;
        }
    }

    /** Returns the position of the next event in the file. */
    protected final long position() throws IOException {
        return in.tell() - (limit - next);
    }

    /** Whether the file has a byte at this distance from the beginning of the next event. */
    protected final boolean has(int distance) throws IOException {
        while (next + distance >= limit) {
            if (!readMore()) {
                return false;
            }
        }
        return true;
    }

    /** The byte at this distance; call {@code has} before. */
    protected final byte byteAt(int distance) {
        return buffer[next + distance];
    }

    /** A range of bytes as text; what is not UTF-8 becomes U+FFFD. */
    protected final String text(int from, int to) {
        return new String(buffer, next + from, to - from, UTF_8);
    }

    /**
     * Returns the distance of the next newline, from {@code from} on; at most {@code most}, or the
     * end of the file.
     */
    protected final int newlineFrom(int from, int most) throws IOException {
        int distance = from;
        while (distance < most && has(distance)) {
            int at = next + distance;
            int stop = (int) Math.min(limit, (long) next + most);
            while (at < stop && buffer[at] != '\n') {
                at++;
            }
            distance = at - next;
            if (at < stop) {
                break;
            }
        }
        return distance;
    }

    /** Reads at least one more byte into the buffer; false at the end of the file. */
    private boolean readMore() throws IOException {
        if (limit == buffer.length) {
            int left = limit - next;
            // If an event fills half of the buffer, enlarge it: otherwise each read moves the event.
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
                    "The spooldir source's stream does not give its file, so events would have no"
                            + " identity; use Flume 1.11 or its deserializer LINE",
                    e);
        }
    }
}
