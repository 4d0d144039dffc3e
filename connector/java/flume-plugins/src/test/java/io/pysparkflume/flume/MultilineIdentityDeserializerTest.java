package io.pysparkflume.flume;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.apache.flume.Context;
import org.apache.flume.Event;
import org.apache.flume.FlumeException;
import org.apache.flume.event.EventBuilder;
import org.apache.flume.serialization.EventDeserializer;
import org.apache.flume.serialization.ResettableFileInputStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MultilineIdentityDeserializerTest {
    private static final String TIME = "^[0-9]{2}:[0-9]{2} ";

    @TempDir Path directory;
    private Path file;
    private final MemoryPosition position = new MemoryPosition();

    @BeforeEach
    void nameFile() {
        file = directory.resolve("app.log");
    }

    @Test
    void anEventIsTheLinesUpToTheNextFirstLine() throws IOException {
        EventDeserializer events =
                open("10:05 a\n\tat B\n\n\tat C\n10:06 b\n10:07 c\r\n\tat D\r\n");

        assertEquals(
                List.of(
                        "0-21 10:05 a|\tat B||\tat C",
                        "21-29 10:06 b",
                        "29-45 10:07 c\r|\tat D\r"),
                places(events.readEvents(10)));
        assertNull(events.readEvent());
    }

    @Test
    void theLastEventMayLackItsNewline() throws IOException {
        assertEquals(
                List.of("0-8 10:05 a", "8-21 10:06 b|\tat X"),
                places(open("10:05 a\n10:06 b\n\tat X").readEvents(10)));
    }

    @Test
    void emptyLinesAtTheEndBelongToTheLastEvent() throws IOException {
        assertEquals(List.of("0-10 10:05 a||"), places(open("10:05 a\n\n\n").readEvents(10)));
    }

    @Test
    void linesBeforeTheFirstMatchAreAnEvent() throws IOException {
        assertEquals(
                List.of("0-12 \tat A|\tat B", "12-20 10:05 a"),
                places(open("\tat A\n\tat B\n10:05 a\n").readEvents(10)));
        assertEquals(List.of("0-1 "), places(open("\n").readEvents(10)));
    }

    @Test
    void aFileWithoutALineGivesNoEventNotEvenOneThatTheSourceAdds() throws IOException {
        List<Event> none = open("").readEvents(10);

        none.add(EventBuilder.withBody(new byte[0])); // as Flume does at a file's first read

        assertTrue(none.isEmpty());
    }

    @Test
    void anExpressionIsLookedForAnywhereInALine() throws IOException {
        EventDeserializer events = open("a ERROR\nb\nc ERROR\n", "firstLine", "ERR");

        assertEquals(List.of("0-10 a ERROR|b", "10-18 c ERROR"), places(events.readEvents(10)));
    }

    @Test
    void aLineIsComparedAsUtf8AndOffsetsCountBytes() throws IOException {
        EventDeserializer events = open("é1\nx\né2\n", "firstLine", "^é[0-9]$");

        assertEquals(List.of("0-6 é1|x", "6-10 é2"), places(events.readEvents(10)));
    }

    @Test
    void anOriginTellsEqualPathsOfTwoAgentsApart() throws IOException {
        Event event = open("10:05 a\n", "origin", "web-1").readEvent();

        assertEquals("web-1:" + file, event.getHeaders().get("file"));
    }

    @Test
    void anEventThatIsTooLongIsCutAtTheEndOfALine() throws IOException {
        EventDeserializer events =
                open("10:05 a\n\tat B\n\tat C\n\tat D\n10:06 b\n", "maxEventLength", "13");

        assertEquals(
                List.of("0-14 10:05 a|\tat B", "14-26 \tat C|\tat D", "26-34 10:06 b"),
                places(events.readEvents(10)));
    }

    @Test
    void aLineThatIsTooLongForAnEventIsCut() throws IOException {
        EventDeserializer events =
                open("10:05 abcdef\n\tat B\nx\n0123456789\n", "maxEventLength", "8");

        assertEquals(
                List.of("0-8 10:05 ab", "8-13 cdef", "13-21 \tat B|x", "21-29 01234567", "29-32 89"),
                places(events.readEvents(10)));
    }

    @Test
    void anEventOfTheLongestLengthIsWhole() throws IOException {
        EventDeserializer events = open("10:05 a\n\tat\n10:06 b\n", "maxEventLength", "11");

        assertEquals(
                List.of("0-12 10:05 a|\tat", "12-20 10:06 b"), places(events.readEvents(10)));
    }

    @Test
    void aFirstLineIsRecognisedEvenIfItIsLongerThanAnEvent() throws IOException {
        EventDeserializer events = open("10:05 a\n10:06 bcdefgh\n", "maxEventLength", "8");

        assertEquals(
                List.of("0-8 10:05 a", "8-16 10:06 bc", "16-22 defgh"),
                places(events.readEvents(10)));
    }

    /** Both the stream and the deserializer have a buffer of 16384 bytes. */
    @Test
    void eventsOfAnyLengthAreWholeAcrossTheEndsOfBuffers() throws IOException {
        Random random = new Random(11);
        StringBuilder text = new StringBuilder();
        List<String> bodies = new ArrayList<>();
        for (int event = 0; event < 300; event++) {
            StringBuilder body = new StringBuilder("10:05 " + event);
            int lines = random.nextInt(6);
            for (int line = 0; line < lines; line++) {
                int length = random.nextInt(10) == 0 ? random.nextInt(60_000) : random.nextInt(90);
                body.append('\n').append("\t" + "x".repeat(length));
            }
            bodies.add(body.toString());
            text.append(body).append('\n');
        }

        List<Event> events = open(text.toString()).readEvents(Integer.MAX_VALUE);

        assertEquals(bodies, events.stream().map(e -> new String(e.getBody(), UTF_8)).toList());
        assertTilesTheFile(text.toString().getBytes(UTF_8), events);
    }

    @Test
    void anyBytesPassUnchanged() throws IOException {
        byte[] bytes = new byte[200_000];
        new Random(7).nextBytes(bytes);

        for (String length : List.of("50", "100000", String.valueOf(Integer.MAX_VALUE))) {
            List<Event> events = open(bytes, Map.of("firstLine", "^[0-9]", "maxEventLength", length))
                    .readEvents(Integer.MAX_VALUE);
            assertTilesTheFile(bytes, events);
        }
    }

    @Test
    void aResetGivesTheSameEventsAgain() throws IOException {
        EventDeserializer events = open("10:05 a\n\tat B\n\tat C\n".repeat(4_000));
        events.readEvents(10);
        events.mark();
        List<String> first = places(events.readEvents(2_000));

        events.reset();

        assertEquals(first, places(events.readEvents(2_000)));
        assertEquals("40200-40220 10:05 a|\tat B|\tat C", places(events.readEvents(1)).get(0));
    }

    @Test
    void aFileThatIsOpenedAgainIsReadFromTheLastMark() throws IOException {
        EventDeserializer events = open("10:05 a\n\tat B\n10:06 b\n\tat C\n10:07 c\n");
        events.readEvent();
        events.mark();
        events.readEvent();
        events.close();

        assertEquals(14, position.stored);
        assertEquals(
                List.of("14-28 10:06 b|\tat C", "28-36 10:07 c"),
                places(reopen(Map.of("firstLine", TIME)).readEvents(10)));
        assertThrows(IllegalStateException.class, events::readEvent);
    }

    @Test
    void wrongSettingsAreRefusedInOneLine() {
        for (Map<String, String> keys : List.<Map<String, String>>of(
                Map.of(),
                Map.of("firstLine", "[0-9"),
                Map.of("firstLine", TIME, "outputCharset", "UTF-8"),
                Map.of("firstLine", TIME, "maxLineLength", "9"))) {
            FlumeException refusal =
                    assertThrows(FlumeException.class, () -> open("a\n".getBytes(UTF_8), keys));
            assertTrue(refusal.getMessage().matches(".*(set|remove) .*"), refusal.getMessage());
        }
        assertThrows(IllegalArgumentException.class, () -> open("a\n", "maxEventLength", "0"));
    }

    private EventDeserializer open(String text, String... key) throws IOException {
        Map<String, String> keys = new HashMap<>(Map.of("firstLine", TIME));
        if (key.length > 0) {
            keys.put(key[0], key[1]);
        }
        return open(text.getBytes(UTF_8), keys);
    }

    private EventDeserializer open(byte[] bytes, Map<String, String> keys) throws IOException {
        Files.write(file, bytes);
        position.stored = 0;
        return reopen(keys);
    }

    /** Opens the file as the spooldir source does. */
    private EventDeserializer reopen(Map<String, String> keys) throws IOException {
        return new MultilineIdentityDeserializer.Builder()
                .build(
                        new Context(new HashMap<>(keys)),
                        new ResettableFileInputStream(file.toFile(), position));
    }

    /** Asserts that each event begins where the previous one ends, and has those bytes. */
    private static void assertTilesTheFile(byte[] bytes, List<Event> events) {
        int previousEnd = 0;
        for (Event event : events) {
            int offset = Integer.parseInt(event.getHeaders().get("offset"));
            int end = Integer.parseInt(event.getHeaders().get("end"));
            int bodyEnd = offset + event.getBody().length;
            assertEquals(previousEnd, offset);
            assertTrue(end > offset);
            assertArrayEquals(Arrays.copyOfRange(bytes, offset, bodyEnd), event.getBody());
            assertTrue(end == bodyEnd || end == bodyEnd + 1 && bytes[bodyEnd] == '\n');
            previousEnd = end;
        }
        assertEquals(bytes.length, previousEnd);
    }

    private static List<String> places(List<Event> events) {
        List<String> places = new ArrayList<>();
        for (Event event : events) {
            Map<String, String> headers = event.getHeaders();
            places.add(headers.get("offset") + "-" + headers.get("end") + " "
                    + new String(event.getBody(), UTF_8).replace('\n', '|'));
        }
        return places;
    }
}
