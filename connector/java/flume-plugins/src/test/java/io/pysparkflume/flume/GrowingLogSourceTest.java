package io.pysparkflume.flume;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.apache.flume.Event;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Timeout(30)
class GrowingLogSourceTest {
    @TempDir Path directory;
    private LogFolder logs;

    @BeforeEach
    void makeFolder() throws Exception {
        logs = new LogFolder(directory);
    }

    @Test
    void anEventIsALineWithThePlaceOfItsBytes() throws Exception {
        Path log = logs.append("access.log", "GET /\n\né€\r\nGET /\n");
        logs.start();
        logs.settle();

        assertEquals(List.of("GET /", "", "é€\r", "GET /"), logs.bodies());
        Map<String, Object> file = Files.readAttributes(log, "unix:dev,ino");
        String fingerprint = "e120c1625982c2fd"; // printf 'GET /\n' | sha256sum
        assertEquals(
                Set.of(file.get("dev") + "-" + file.get("ino") + "-" + fingerprint),
                logs.events.stream().map(each -> each.getHeaders().get("file"))
                        .collect(Collectors.toSet()));
        assertEquals(List.of("0-6", "6-7", "7-14", "14-20"), places());
    }

    @Test
    void aLineWaitsForItsNewline() throws Exception {
        logs.append("access.log", "whole\nhalf a");
        logs.start();
        logs.settle();
        assertEquals(List.of("whole"), logs.bodies());

        logs.append("access.log", " line\n");
        logs.settle();
        assertEquals(List.of("whole", "half a line"), logs.bodies());
        assertEquals(List.of("0-6", "6-18"), places());
    }

    @Test
    void aFirstLineWithoutItsNewlineWaitsToo() throws Exception {
        logs.append("access.log", "hal");
        logs.start();
        logs.settle();
        logs.append("access.log", "f");
        logs.settle();
        assertEquals(List.of(), logs.bodies());

        logs.append("access.log", "\n");
        logs.settle();
        assertEquals(List.of("half"), logs.bodies());
    }

    @ParameterizedTest
    @CsvSource({"9, 123456789", "10, 123456789 0", "11, 123456789 01", "25, 123456789 012345678 0"})
    void aLineThatIsTooLongBecomesSeveralEventsAsWithTheSpoolFolder(int max, String ignored)
            throws Exception {
        logs.set("maxLineLength", Integer.toString(max));
        Path log = logs.append("access.log", "short\n" + "123456789 ".repeat(3) + "\n\nlast\n");
        logs.start();
        logs.settle();

        Path spooled = Files.copy(log, directory.resolve("spooled"));
        LineIdentityDeserializer lines = new LineIdentityDeserializer(
                new org.apache.flume.Context(Map.of("maxLineLength", Integer.toString(max))),
                new org.apache.flume.serialization.ResettableFileInputStream(
                        spooled.toFile(), new MemoryPosition()));
        List<Event> expected = lines.readEvents(100);
        assertEquals(expected.stream().map(LogFolder::body).toList(), logs.bodies());
        assertEquals(expected.stream().map(GrowingLogSourceTest::place).toList(), places());
    }

    @Test
    void aLineThatIsLongerThanTheBufferIsOneEvent() throws Exception {
        logs.set("maxLineLength", "1000000");
        logs.append("access.log", "a\n" + "x".repeat(700_000));
        logs.start();
        logs.settle();
        logs.append("access.log", "y".repeat(299_999) + "\nb\n");
        logs.settle();
        assertEquals(
                List.of(1, 999_999, 1), logs.events.stream().map(e -> e.getBody().length).toList());
    }

    @Test
    void aRenamedLogKeepsItsIdentityAndIsReadToItsEndBesideTheNewOne() throws Exception {
        logs.append("access.log", "a\nb\n");
        logs.start();
        logs.settle();
        logs.rename("access.log", "access.log.1");
        logs.append("access.log.1", "c\n"); // the server has not opened the new one yet
        logs.append("access.log", "A\n");
        logs.settle();
        logs.append("access.log.1", "d\n");
        logs.settle();

        assertEquals(List.of("A", "a", "b", "c", "d"), logs.bodies().stream().sorted().toList());
        assertEquals(2, files().size());
    }

    @Test
    void aLogThatIsRenamedOutOfItsGroupIsStillFollowed() throws Exception {
        logs.append("access.log", "a\n");
        logs.append("other", "not of the group\n");
        logs.start();
        logs.settle();
        logs.rename("access.log", "old");
        logs.append("old", "b\n");
        logs.settle();
        logs.stop();
        logs.append("old", "c\n");
        logs.start();
        logs.settle();

        assertEquals(List.of("a", "b", "c"), logs.bodies());
    }

    @Test
    void aLogThatIsDeletedIsReadToItsEndEvenWithoutANewline() throws Exception {
        logs.set("idleSeconds", "1");
        logs.append("access.log", "a\n");
        GrowingLogSource source = logs.start();
        logs.settle();
        logs.append("access.log", "b\nhalf");
        Files.delete(logs.folder.resolve("access.log"));
        logs.settle();
        assertEquals(List.of("a", "b"), logs.bodies());

        while (logs.events.size() < 3) {
            source.process();
            Thread.sleep(20);
        }
        assertEquals(List.of("0-2", "2-4", "4-8"), places());
    }

    @Test
    void whatTheChannelRefusesIsReadAgain() throws Exception {
        logs.append("access.log", "a\nb\n");
        logs.append("access.log.1", "c\n");
        logs.refused = 2;
        logs.start();
        logs.settle();

        assertEquals(Set.of("a", "b", "c"), Set.copyOf(logs.bodies()));
        assertEquals(3, logs.events.size());
    }

    @Test
    void aStartContinuesWhereTheStopWas() throws Exception {
        logs.append("access.log", "a\n");
        logs.start();
        logs.settle();
        logs.stop();
        logs.rename("access.log", "access.log.1");
        logs.append("access.log.1", "b\n");
        logs.append("access.log", "c\n");
        logs.start();
        logs.settle();

        assertEquals(List.of("a", "b", "c"), logs.bodies());
    }

    @ParameterizedTest
    @CsvSource({"''", "[", "{}", "'[{\"file\": 1}]'", "'[null]'"})
    void withoutPositionsAllIsReadAgainWithTheSamePlaces(String damaged) throws Exception {
        logs.append("access.log", "a\n");
        logs.append("access.log.1", "b\nc\n");
        logs.start();
        logs.settle();
        logs.stop();
        Files.writeString(logs.positions, damaged);
        logs.rename("access.log.1", "access.log.2");
        logs.start();
        logs.settle();

        assertEquals(6, logs.events.size());
        assertEquals(List.of("a", "b", "c"), logs.deduplicated().stream().sorted().toList());
    }

    @Test
    void aTruncatedLogIsReadFromItsBeginningEvenIfItIsLongerAgain() throws Exception {
        logs.append("access.log", "a\nb\n");
        logs.start();
        logs.settle();
        logs.truncate("access.log");
        logs.append("access.log", "c\nd\ne\n");
        logs.settle();
        logs.truncate("access.log");
        logs.append("access.log", "f\n");
        logs.settle();
        logs.stop();
        logs.truncate("access.log");
        logs.append("access.log", "g\nh\ni\n");
        logs.start();
        logs.settle();

        assertEquals(List.of("a", "b", "c", "d", "e", "f", "g", "h", "i"), logs.deduplicated());
        assertEquals(9, logs.events.size());
    }

    @Test
    void anInodeThatIsUsedAgainIsAnotherLogEvenWithTheSameFirstLine() throws Exception {
        logs.append("access.log", "#fields\na\nb\n");
        logs.start();
        logs.settle();
        logs.truncate("access.log"); // the same inode for sure
        logs.append("access.log", "#fields\nc\n");
        logs.settle();
        logs.kill(); // before or after the positions were written
        logs.start();
        logs.settle();
        logs.append("access.log", "d\n");
        logs.settle();

        assertEquals(List.of("#fields", "a", "b", "#fields", "c", "d"), logs.deduplicated());
        assertEquals(2, files().size());
    }

    @Test
    void theGenerationIsOnDiskBeforeItsFirstLineIsSent() throws Exception {
        logs.set("positionMillis", "1000000");
        logs.append("access.log", "#fields\na\nb\n");
        logs.start();
        logs.settle();
        logs.stop();
        logs.truncate("access.log");
        logs.append("access.log", "#fields\nc\n");
        logs.meanwhile = () -> {
            try {
                assertTrue(Files.readString(logs.positions).contains("\"generation\":2"));
            } catch (java.io.IOException e) {
                throw new UncheckedIOException(e);
            }
        };
        logs.start();
        logs.settle();

        assertEquals(5, logs.events.size());
    }

    @Test
    void fingerprintLinesTellsLogsWithTheSameHeaderApartWithoutPositions() throws Exception {
        logs.set("fingerprintLines", "2");
        logs.append("access.log", "#fields\n");
        logs.start();
        logs.settle();
        assertEquals(List.of(), logs.bodies());
        logs.append("access.log", "a\nb\n");
        logs.settle();
        logs.stop();
        Files.delete(logs.positions);
        logs.truncate("access.log");
        logs.append("access.log", "#fields\nc\n");
        logs.start();
        logs.settle();

        assertEquals(List.of("#fields", "a", "b", "#fields", "c"), logs.deduplicated());
    }

    @Test
    void compressedLogsAndCopiesOfEditorsAreLeftAlone() throws Exception {
        for (String ending : List.of(".gz", ".1.bz2", ".xz", ".zst", ".zip", "~", ".swp", ".tmp")) {
            logs.append("access.log" + ending, "no line\n");
        }
        logs.append("access.log.1", "a\n");
        logs.start();
        logs.settle();

        assertEquals(List.of("a"), logs.bodies());
    }

    @Test
    void aSymbolicLinkToALogOfTheGroupIsTheSameLog() throws Exception {
        Path log = logs.append("access.log.today", "a\n");
        Files.createSymbolicLink(logs.folder.resolve("access.log"), log);
        logs.start();
        logs.settle();

        assertEquals(List.of("a"), logs.bodies());
    }

    @Test
    void manyLogsShareBatchesAndFewAreOpen() throws Exception {
        logs.set("maxOpenFiles", "10");
        logs.set("batchSize", "5000");
        for (int i = 0; i < 10_000; i++) {
            logs.append("access.log." + i, i + "\nb\n");
        }
        int[] batches = {0};
        long[] most = {0};
        logs.meanwhile = () -> {
            batches[0]++;
            most[0] = Math.max(most[0], openIn(logs.folder));
        };
        logs.start();
        logs.settle();
        assertEquals(20_000, new HashSet<>(places(true)).size());
        assertEquals(4, batches[0]);

        logs.append("access.log.7", "c\n");
        logs.settle();
        assertEquals(20_001, logs.events.size());
        assertTrue(most[0] <= 10, "open: " + most[0]);
    }

    @Test
    void aLogHasThePathAndTheHeadersOfItsGroup() throws Exception {
        logs.set("origin", "web-1");
        logs.set("pathHeader", "path");
        logs.set("headers.log.site", "shop");
        Path log = logs.append("access.log", "a\n");
        logs.start();
        logs.settle();

        Map<String, String> headers = logs.events.get(0).getHeaders();
        assertEquals(Set.of("file", "offset", "end", "path", "site"), headers.keySet());
        assertEquals(log.toString(), headers.get("path"));
        assertEquals("shop", headers.get("site"));
        assertTrue(headers.get("file").startsWith("web-1:"));
    }

    @Test
    void aFolderThatAppearsLaterIsFollowed() throws Exception {
        logs.set("filegroups.log", logs.folder + "/later/access[.]log");
        logs.start();
        logs.settle();
        Files.createDirectory(logs.folder.resolve("later"));
        logs.append("later/access.log", "a\n");
        logs.settle();

        assertEquals(List.of("a"), logs.bodies());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '"', value = {
        "filegroups | '' | source logs: filegroups is missing; name one group or more",
        "filegroups.log | access.log | source logs: filegroups.log is 'access.log'; set it to FOLDER/",
        "filegroups.log | /x/access*log( | source logs: filegroups.log = /x/access*log(: Unclosed",
        "positionFile | '' | source logs: positionFile is missing; set it to a file of this",
        "batchSize | 0 | source logs: batchSize is 0; set it to 1 or more",
        "maxLineLength | -1 | source logs: maxLineLength is -1; set it to 1 or more",
        "ignorePattern | ( | source logs: ignorePattern = (: Unclosed group; set it to a regular",
        "inputCharset | UTF-16 | source logs: inputCharset has no effect, because a log's bytes pass",
    })
    void aWrongKeyIsNamedWithItsRemedy(String key, String value, String message) {
        logs.set(key, value.equals("''") ? "" : value);

        RuntimeException error = assertThrows(RuntimeException.class, logs::start);
        assertTrue(error.getMessage().startsWith(message), error.getMessage());
        assertFalse(error.getMessage().contains("\n"));
    }

    @Test
    void aPositionFileInItsOwnGroupIsRefused() {
        logs.set("filegroups.log", logs.positions.getParent() + "/.*");

        RuntimeException error = assertThrows(RuntimeException.class, logs::start);
        assertTrue(error.getMessage().endsWith(
                "is itself a log of filegroups.log; put it into another folder"));
    }

    private Set<String> files() {
        return logs.events.stream().map(each -> each.getHeaders().get("file"))
                .collect(Collectors.toSet());
    }

    private List<String> places() {
        return places(false);
    }

    private List<String> places(boolean withFile) {
        return logs.events.stream()
                .map(each -> (withFile ? each.getHeaders().get("file") + " " : "") + place(each))
                .toList();
    }

    private static String place(Event event) {
        return event.getHeaders().get("offset") + "-" + event.getHeaders().get("end");
    }

    private static long openIn(Path folder) {
        try (var files = Files.list(Path.of("/proc/self/fd"))) {
            return files.filter(each -> {
                try {
                    return Files.readSymbolicLink(each).startsWith(folder);
                } catch (java.io.IOException e) {
                    return false;
                }
            }).count();
        } catch (java.io.IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
