package io.pysparkflume.landing;

import static io.pysparkflume.landing.LogFiles.event;
import static io.pysparkflume.landing.LogFiles.join;
import static io.pysparkflume.landing.LogFiles.number;
import static io.pysparkflume.landing.LogFiles.text;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RangeReaderTest {
    @TempDir Path folder;
    private LogFiles log;

    @BeforeEach
    void emptyLog() throws IOException {
        log = new LogFiles(folder);
    }

    private List<String> read(long start, long end) throws IOException {
        List<String> found = new ArrayList<>();
        try (RangeReader reader = new RangeReader(folder.toString(), start, end)) {
            Events events = reader.events();
            while (reader.read()) {
                for (int i = 0; i < events.count(); i++) {
                    String body = body(events, i);
                    found.add(events.first() + i + " " + body + " " + events.arrival(i));
                }
            }
            assertFalse(reader.read());
        }
        return found;
    }

    private static String body(Events events, int i) {
        int start = events.bodyStart(i);
        return new String(events.data(), start, events.end(i) - start, StandardCharsets.UTF_8);
    }

    private String failure(long start, long end) {
        return assertThrows(LandingException.class, () -> read(start, end)).getMessage();
    }

    @ParameterizedTest
    @CsvSource({"0, 5", "0, 0", "1, 2", "1, 4", "2, 3", "3, 5", "4, 5", "5, 5"})
    void aRangeMayBeginAndEndWithinABlockAndCrossSegments(int start, int end) throws Exception {
        log.block(7, "a", "b");
        log.block(8, "");
        log.roll();
        log.block(9, "d", "é");

        List<String> all = List.of("0 a 7", "1 b 7", "2  8", "3 d 9", "4 é 9");
        assertEquals(all.subList(start, end), read(start, end));
    }

    @Test
    void aBlockThatIsLargerThanOneReadIsReadWhole() throws Exception {
        String large = "x".repeat(3_000_000);
        log.block(1, "a");
        log.block(2, large, "b");
        log.block(3, "c");

        assertEquals(List.of("0 a 1", "1 " + large + " 2", "2 b 2", "3 c 3"), read(0, 4));
    }

    @Test
    void headersAreStepsInTheOrderInWhichTheyWereSent() throws Exception {
        byte[] sized = join(number(-1), number(4), text("k"), text("v"), number(0), text("sized"));
        byte[] two =
                join(
                        number(2), text("a"), text(""), text("a"), text("x"), number(1), text("b"),
                        text("y"), number(0), text("two"));
        log.block(1, 3, sized, event("none"), two);

        try (RangeReader reader = new RangeReader(folder.toString(), 0, 3)) {
            assertTrue(reader.read());
            Events events = reader.events();
            assertEquals(List.of("k=v"), headers(events, 0));
            assertEquals(List.of(), headers(events, 1));
            assertEquals(List.of("a=", "a=x", "b=y"), headers(events, 2));
            assertEquals("two", body(events, 2));
        }
    }

    private static List<String> headers(Events events, int i) {
        List<String> found = new ArrayList<>();
        Events.Headers headers = events.headers(i);
        while (headers.next()) {
            found.add(
                    between(events, headers.keyStart(), headers.keyEnd())
                            + "="
                            + between(events, headers.valueStart(), headers.valueEnd()));
        }
        return found;
    }

    private static String between(Events events, int start, int end) {
        return new String(events.data(), start, end - start, StandardCharsets.UTF_8);
    }

    @Test
    void whatTheWriterAddsMeanwhileIsNotRead() throws Exception {
        log.block(1, "a");
        try (RangeReader reader = new RangeReader(folder.toString(), 0, 1)) {
            log.block(2, "b");
            assertTrue(reader.read());
            assertEquals(1, reader.events().count());
            assertFalse(reader.read());
        }
    }

    @Test
    void aFolderWithoutALogIsNamed() throws Exception {
        Path missing = folder.resolve("missing");
        RangeReader reader = new RangeReader(missing.toString(), 0, 1);
        String said = assertThrows(LandingException.class, reader::read).getMessage();
        assertTrue(said.startsWith(missing + " holds no landing log; start the receiver"), said);

        Path empty = Files.createDirectory(folder.resolve("empty"));
        assertThrows(LandingException.class, () -> new RangeReader(empty.toString(), 0, 1).read());
    }

    @Test
    void eventsThatRetentionHasRemovedAreGone() throws Exception {
        log.block(1, "a");
        Path old = log.segmentFile();
        log.roll();
        log.block(2, "b");
        Files.delete(old);

        String gone = "offset 0 of " + folder + " is gone, the log begins at 1 (retention)";
        assertTrue(failure(0, 2).startsWith(gone));
        assertEquals(List.of("1 b 2"), read(1, 2));
    }

    @Test
    void aLogThatWasCutIsNoticed() throws Exception {
        log.block(1, "a");
        assertTrue(failure(0, 2).startsWith(folder + " has no offset 2, its events end at 1"));
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 20, 37})
    void eachChangedByteOfABlockIsNoticed(int place) throws Exception {
        log.block(1, "a".repeat(20));
        byte[] bytes = Files.readAllBytes(log.segmentFile());
        bytes[50 + place] ^= 0x10;
        Files.write(log.segmentFile(), bytes);

        String said = failure(0, 1);
        assertTrue(said.contains(" is damaged at byte 50: its checksum"), said);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "1; 00; a number without an end",
                "1; 00 0a 61; length of 5 bytes with 1 left",
                "1; 00 01; length of -1 bytes",
                "1; 00 02 61 00; 1 bytes too many after 1 events",
                "2; 00 02 61; a number without an end",
                "1; 20 02 61; block of 16 items in the last 2 bytes",
                "1; 02 ff ff ff ff ff ff ff ff ff ff 01; number of more than 64 bits",
                "1; 00 82 80 80 80 80 80 80 80 80 02 61; number of more than 64 bits",
            })
    void bytesThatAreNotTheAnnouncedEventsAreNoticed(int count, String items, String fact)
            throws Exception {
        log.block(1, count, HexFormat.of().parseHex(items.replace(" ", "")));

        String said = failure(0, count);
        assertTrue(said.contains(" is damaged at byte 50: " + fact), said);
        assertTrue(said.contains("; restore it from a copy, or move the folder away"), said);
    }

    @Test
    void aBlockWithoutItsLogsMarkerIsNoticed() throws Exception {
        log.block(1, "a");
        log.raw(2, 1, join(number(1), number(3), event("b"), new byte[16]));

        assertTrue(failure(0, 2).contains(": no sync marker after the block; restore"));
    }

    @Test
    void aBlockWithAnotherCountThanInTheIndexIsNoticed() throws Exception {
        log.raw(1, 2, join(number(1), number(3), event("a"), LogFiles.SYNC));

        assertTrue(failure(0, 2).contains(": the index has another count; restore"));
    }

    @Test
    void anEntryThatFollowsAnInvalidOneIsNotPublishedYet() throws Exception {
        log.block(1, "a");
        log.block(2, "b");
        log.block(3, "c");
        byte[] bytes = Files.readAllBytes(log.indexFile());
        bytes[2 * 36 + 35] ^= 1;
        Files.write(log.indexFile(), bytes);

        assertEquals(List.of("0 a 1"), read(0, 1));
        assertTrue(failure(0, 3).contains("has no offset 3, its events end at 1"));
    }

    @Test
    void aReaderGoesOnWithTheSegmentThatRetentionRemovesMeanwhile() throws Exception {
        log.block(1, "x".repeat(1_100_000));
        log.block(2, "b");
        try (RangeReader reader = new RangeReader(folder.toString(), 0, 2)) {
            assertTrue(reader.read());
            Files.delete(log.segmentFile());
            Files.delete(log.indexFile());
            assertTrue(reader.read());
            assertEquals("b", body(reader.events(), 0));
        }
    }

    @Test
    void aReaderThatWasClosedReadsNothing() throws Exception {
        log.block(1, "a");
        RangeReader reader = new RangeReader(folder.toString(), 0, 1);
        reader.close();

        assertFalse(reader.read());
    }

    @Test
    void theDigitsOfTheLocaleDoNotMatter() throws Exception {
        log.block(1, "a");
        Locale before = Locale.getDefault();
        Locale.setDefault(Locale.forLanguageTag("fa-IR"));
        try {
            assertEquals(List.of("0 a 1"), read(0, 1));
        } finally {
            Locale.setDefault(before);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 18, 22, 23})
    void aSegmentThatEndsTooEarlyIsDamagedAtTheBlockThatIsCut(int missing) throws Exception {
        log.block(1, "a"); // each block has 21 bytes
        log.block(2, "b");
        log.block(3, "c");
        byte[] bytes = Files.readAllBytes(log.segmentFile());
        Files.write(log.segmentFile(), Arrays.copyOf(bytes, bytes.length - missing));

        int cut = missing <= 21 ? 50 + 2 * 21 : 50 + 21;
        assertEquals(log.segmentFile() + " is damaged at byte " + cut
                + ": its checksum differs from the index; restore it from a copy, or move the"
                + " folder away and start an empty log", failure(0, 3));
    }

    @Test
    void aCutBlockIsNoticedAlthoughAnEqualOneWasReadBefore() throws Exception {
        String large = "x".repeat(1_100_000);
        log.block(1, large);
        log.block(2, large); // the same bytes, so the buffer has them
        byte[] bytes = Files.readAllBytes(log.segmentFile());
        Files.write(log.segmentFile(), Arrays.copyOf(bytes, bytes.length - 1));

        assertTrue(failure(0, 2).contains(": its checksum differs from the index; restore"));
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void anIndexThatLacksEntriesIsNamed(boolean lost) throws Exception {
        log.block(1, "a");
        log.block(1, "b");
        Path index = log.indexFile();
        log.roll();
        log.block(2, "c");
        if (lost) {
            Files.delete(index);
        } else {
            byte[] bytes = Files.readAllBytes(index);
            bytes[2 * 36 + 35] ^= 1;
            Files.write(index, bytes);
        }

        assertTrue(failure(0, 1).startsWith(index + " is damaged or lost; remove it and restart"));
        assertEquals(List.of("2 c 2"), read(2, 3));
    }
}
