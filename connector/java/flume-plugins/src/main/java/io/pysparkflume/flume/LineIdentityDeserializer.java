package io.pysparkflume.flume;

import com.google.common.base.Preconditions;
import java.io.IOException;
import org.apache.flume.Context;
import org.apache.flume.serialization.EventDeserializer;
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
public final class LineIdentityDeserializer extends IdentityDeserializer {
    private static final Logger LOG = LoggerFactory.getLogger(LineIdentityDeserializer.class);

    private final int maxLineLength;

    LineIdentityDeserializer(Context context, ResettableInputStream in) {
        super(context, in);
        maxLineLength = context.getInteger("maxLineLength", MIB);
        Preconditions.checkArgument(
                maxLineLength > 0,
                "deserializer.maxLineLength is %s; set it to 1 or more bytes", maxLineLength);
    }

    /** Finds the end of the next line, or as much of it as one event may have. */
    @Override
    protected Extent nextExtent() throws IOException {
        int length = newlineFrom(0, maxLineLength);
        if (length == maxLineLength) {
            LOG.warn("{}: the line at byte {} has {} bytes or more and becomes several events;"
                    + " raise deserializer.maxLineLength", file, position(), maxLineLength);
            return new Extent(length, length);
        }
        return new Extent(length, has(length) ? length + 1 : length);
    }

    /** Used in a conf: {@code deserializer = …LineIdentityDeserializer$Builder}. */
    public static final class Builder implements EventDeserializer.Builder {
        @Override
        public EventDeserializer build(Context context, ResettableInputStream in) {
            return new LineIdentityDeserializer(context, in);
        }
    }
}
