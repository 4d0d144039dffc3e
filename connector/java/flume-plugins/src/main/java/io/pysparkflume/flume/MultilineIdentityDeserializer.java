package io.pysparkflume.flume;

import com.google.common.base.Preconditions;
import java.io.IOException;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import org.apache.flume.Context;
import org.apache.flume.FlumeException;
import org.apache.flume.serialization.EventDeserializer;
import org.apache.flume.serialization.ResettableInputStream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads several lines of a spooled file as one event, such as a message with its stack trace, and
 * gives each event its place.
 *
 * <p>A regular expression recognises the first line of an event. An event ends before the next such
 * line, or at the end of the file. Its body is its lines with the newlines between them, without
 * the last newline. Lines before the first match are an event, too, so that nothing is left out: a
 * rotated file may begin in the middle of a trace.
 *
 * <p>The headers {@code file}, {@code offset} and {@code end} are those of
 * {@link LineIdentityDeserializer}; {@code end} is the byte after the last line and its newline. So
 * the same receiver keeps each event once. The two also have in common that all bytes pass
 * unchanged, and that an empty file gives no event.
 *
 * <p>Keys, each with the prefix {@code deserializer.}:
 *
 * <ul>
 *   <li>{@code firstLine}: the expression, which is looked for anywhere in a line, so begin it with
 *       {@code ^}. The line is decoded as UTF-8. Required. In a conf a backslash is written twice.
 *   <li>{@code maxEventLength}: the most bytes of an event; default: 1048576. A longer one becomes
 *       several events: each has as many whole lines as fit, and a line that does not fit by itself
 *       is cut. Each part has its own place, and a warning names the first.
 *   <li>{@code origin}: as for LineIdentityDeserializer.
 * </ul>
 *
 * <p>Change the first two only while no file is half read: the same lines would then be read again
 * as other events.
 */
public final class MultilineIdentityDeserializer extends IdentityDeserializer {
    private static final Logger LOG = LoggerFactory.getLogger(MultilineIdentityDeserializer.class);

    private final Pattern firstLine;
    private final int maxEventLength;

    MultilineIdentityDeserializer(Context context, ResettableInputStream in) {
        super(context, in);
        firstLine = pattern(context.getString("firstLine", ""));
        maxEventLength = context.getInteger("maxEventLength", MIB);
        Preconditions.checkArgument(
                maxEventLength > 0,
                "deserializer.maxEventLength is %s; set it to 1 or more bytes", maxEventLength);
        if (context.containsKey("maxLineLength")) {
            throw new FlumeException(
                    "deserializer.maxLineLength: MultilineIdentityDeserializer limits events, not"
                            + " lines; set deserializer.maxEventLength instead");
        }
    }

    /** Finds the next line that begins an event; the newline before it is not in the body. */
    @Override
    protected Extent nextExtent() throws IOException {
        int body = newlineFrom(0, maxEventLength);
        if (has(body) && byteAt(body) != '\n') {
            return tooLong(new Extent(body, body)); // within its first line
        }
        while (has(body)) {
            int line = body + 1;
            int lineEnd = newlineFrom(line, looksAt(line));
            if (lineEnd == line && !has(line) || firstLine.matcher(text(line, lineEnd)).find()) {
                return new Extent(body, line);
            }
            if (lineEnd > maxEventLength) {
                return tooLong(new Extent(body, line));
            }
            body = lineEnd;
        }
        return new Extent(body, body);
    }

    /** Where the comparison of a line ends: it may be longer than an event, or without an end. */
    private int looksAt(int line) {
        return (int) Math.min((long) line + maxEventLength, Integer.MAX_VALUE);
    }

    private Extent tooLong(Extent extent) throws IOException {
        LOG.warn("{}: the event at byte {} has more than {} bytes and becomes several;"
                + " raise deserializer.maxEventLength", file, position(), maxEventLength);
        return extent;
    }

    private static Pattern pattern(String expression) {
        if (expression.isEmpty()) {
            throw new FlumeException(
                    "deserializer.firstLine is missing; set it to a regular expression that"
                            + " recognises the first line of an event");
        }
        try {
            return Pattern.compile(expression);
        } catch (PatternSyntaxException e) {
            throw new FlumeException(
                    "deserializer.firstLine = " + expression + ": " + e.getDescription()
                            + "; set it to a regular expression of Java",
                    e);
        }
    }

    /** Used in a conf: {@code deserializer = …MultilineIdentityDeserializer$Builder}. */
    public static final class Builder implements EventDeserializer.Builder {
        @Override
        public EventDeserializer build(Context context, ResettableInputStream in) {
            return new MultilineIdentityDeserializer(context, in);
        }
    }
}
