package io.pysparkflume.flume;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
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
import org.apache.flume.serialization.ResettableInputStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LineIdentityDeserializerTest {
    @TempDir Path directory;
    private Path file;
    private final MemoryPosition position = new MemoryPosition();

    @BeforeEach
    void nameFile() {
        file = directory.resolve("access.log");
    }

    @Test
    void anEventHasItsLineAndThePlaceOfTheLineWithItsNewline() throws IOException {
        EventDeserializer lines = open("ab\n\nc\r\nlast");

        assertEquals(
                List.of("0-3 ab", "3-4 ", "4-7 c\r", "7-11 last"), places(lines.readEvents(10)));
        assertNull(lines.readEvent());
    }

    @Test
    void theFileIsNamedByItsAbsolutePath() throws IOException {
        assertEquals(file.toString(), header(open("a\n").readEvent(), "file"));
    }

    @Test
    void anOriginTellsEqualPathsOfTwoAgentsApart() throws IOException {
        Event event = open("a\n", "origin", "web-1").readEvent();

        assertEquals("web-1:" + file, header(event, "file"));
    }

    @Test
    void anyBytesPassUnchanged() throws IOException {
        byte[] bytes = new byte[200_000];
        new Random(7).nextBytes(bytes);

        assertTilesTheFile(bytes, open(bytes, Map.of()).readEvents(Integer.MAX_VALUE));
    }

    /** Both the stream and the deserializer have a buffer of 16384 bytes. */
    @Test
    void linesOfAnyLengthAreWholeAcrossTheEndsOfBuffers() throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        int[] lengths = {16382, 0, 16383, 16384, 1, 16385, 8192, 8191, 32768, 100_000, 3, 1 << 20};
        for (int length : lengths) {
            bytes.write("x".repeat(length).getBytes());
            bytes.write('\n');
        }

        List<Event> events = open(bytes.toByteArray(), Map.of("maxLineLength", "2000000"))
                .readEvents(Integer.MAX_VALUE);

        assertEquals(lengths.length, events.size());
        assertTilesTheFile(bytes.toByteArray(), events);
    }

    @Test
    void offsetsCountBytesAndNotCharacters() throws IOException {
        // Characters of 2, 3 and 4 bytes in UTF-8.
        EventDeserializer lines = open("é\n€€\n\uD83D\uDE00x\n");

        assertEquals(
                List.of("0-3 é", "3-10 €€", "10-16 \uD83D\uDE00x"), places(lines.readEvents(10)));
    }

    @Test
    void aLineThatIsTooLongBecomesSeveralEventsEachWithItsOwnPlace() throws IOException {
        EventDeserializer lines = open("abcdefgh\nij\n", "maxLineLength", "3");

        assertEquals(
                List.of("0-3 abc", "3-6 def", "6-9 gh", "9-12 ij"), places(lines.readEvents(10)));
    }

    @Test
    void aLineOfTheLongestLengthIsOneEventAndItsNewlineAnotherAsInFlume() throws IOException {
        EventDeserializer lines = open("abc\nd\n", "maxLineLength", "3");

        assertEquals(List.of("0-3 abc", "3-4 ", "4-6 d"), places(lines.readEvents(10)));
    }

    @Test
    void aResetGoesBackToTheLastMarkWithTheSamePlaces() throws IOException {
        EventDeserializer lines = open("a line of the log\n".repeat(10_000));
        lines.readEvents(10);
        lines.mark();
        List<String> first = places(lines.readEvents(5000));

        lines.reset();

        assertEquals(first, places(lines.readEvents(5000)));
        assertEquals("90180-90198 a line of the log", places(lines.readEvents(1)).get(0));
    }

    @Test
    void aFileThatIsOpenedAgainIsReadFromTheLastMark() throws IOException {
        EventDeserializer lines = open("a\nb\nc\n");
        lines.readEvent();
        lines.mark();
        lines.readEvent();
        lines.close();

        assertEquals(2, position.stored);
        assertEquals(
                List.of("2-4 b", "4-6 c"), places(reopen(Map.of()).readEvents(10)));
        assertThrows(IllegalStateException.class, lines::readEvent);
    }

    @Test
    void aFileWithoutALineGivesNoEventNotEvenOneThatTheSourceAdds() throws IOException {
        List<Event> none = open("").readEvents(10);

        none.add(EventBuilder.withBody(new byte[0])); // as Flume does at a file's first read

        assertTrue(none.isEmpty());
    }

    @Test
    void aStreamThatDoesNotGiveItsFileIsRefused() {
        FlumeException refusal = assertThrows(
                FlumeException.class,
                () -> new LineIdentityDeserializer.Builder().build(new Context(), null));

        assertTrue(refusal.getMessage().contains("would have no identity"));
    }

    @Test
    void unsupportedSettingsAreRefusedAndNotIgnored() {
        assertThrows(FlumeException.class, () -> open("a\n", "outputCharset", "UTF-8"));
        assertThrows(IllegalArgumentException.class, () -> open("a\n", "maxLineLength", "0"));
    }

    private EventDeserializer open(String text, String... keys) throws IOException {
        return open(text.getBytes(UTF_8), keys.length == 0 ? Map.of() : Map.of(keys[0], keys[1]));
    }

    private EventDeserializer open(byte[] bytes, Map<String, String> keys) throws IOException {
        Files.write(file, bytes);
        return reopen(keys);
    }

    /** Opens the file as the spooldir source does. */
    private EventDeserializer reopen(Map<String, String> keys) throws IOException {
        ResettableInputStream in = new ResettableFileInputStream(file.toFile(), position);
        return new LineIdentityDeserializer.Builder().build(new Context(new HashMap<>(keys)), in);
    }

    /** Asserts that each event begins where the previous one ends, and has those bytes. */
    private static void assertTilesTheFile(byte[] bytes, List<Event> events) {
        int previousEnd = 0;
        for (Event event : events) {
            int offset = Integer.parseInt(header(event, "offset"));
            int end = Integer.parseInt(header(event, "end"));
            int lineEnd = offset + event.getBody().length;
            assertEquals(previousEnd, offset);
            assertArrayEquals(Arrays.copyOfRange(bytes, offset, lineEnd), event.getBody());
            assertTrue(
                    end == lineEnd + 1 && bytes[lineEnd] == '\n'
                            || end == lineEnd && end == bytes.length,
                    "the newline of the line at " + offset);
            previousEnd = end;
        }
        assertEquals(bytes.length, previousEnd);
    }

    private static List<String> places(List<Event> events) {
        List<String> places = new ArrayList<>();
        for (Event event : events) {
            places.add(header(event, "offset") + "-" + header(event, "end") + " "
                    + new String(event.getBody(), UTF_8));
        }
        return places;
    }

    private static String header(Event event, String key) {
        return event.getHeaders().get(key);
    }
}
