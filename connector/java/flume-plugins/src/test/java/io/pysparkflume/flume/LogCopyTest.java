package io.pysparkflume.flume;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What copytruncate does to a log: it is copied, and then truncated. */
@Timeout(30)
class LogCopyTest {
    @TempDir Path directory;
    private LogFolder logs;
    private final List<String> written = new ArrayList<>();

    @BeforeEach
    void makeFolder() throws Exception {
        logs = new LogFolder(directory);
    }

    @Test
    void whatWasNotReadBeforeTheTruncationIsReadFromTheCopy() throws Exception {
        logs.start();
        write("a", 3);
        logs.settle();
        write("b", 3);
        copy(1);
        logs.truncate("access.log");
        write("c", 1);
        logs.settle();

        assertEquals(written, logs.bodies().stream().sorted().toList());
    }

    @Test
    void aCopyWaitsUntilItsLogIsTruncated() throws Exception {
        logs.start();
        write("a", 3);
        logs.settle();
        write("b", 3);
        copy(1);
        logs.settle();
        logs.truncate("access.log");
        logs.settle();
        write("c", 9);
        logs.settle();

        assertEquals(written, logs.bodies());
    }

    @Test
    void aLineThatWasReadBetweenCopyAndTruncationMakesNoRepeats() throws Exception {
        logs.start();
        write("a", 2_000);
        logs.settle();
        copy(1);
        write("b", 3); // no copy has these lines
        logs.settle();
        logs.truncate("access.log");
        write("c", 3);
        logs.settle();

        assertEquals(written, logs.bodies());
    }

    @Test
    void manyRotationsByCopyWithKillsInBetweenLoseAndRepeatNothing() throws Exception {
        logs.set("positionMillis", "60000"); // so a kill leaves old ones
        logs.start();
        write("first", 1);
        logs.settle();
        logs.truncate("access.log");
        for (int rotation = 0; rotation < 6; rotation++) {
            write("r" + rotation + "-", 500);
            logs.settle(); // the positions on disk have the log, at its beginning
            write("s" + rotation + "-", 50);
            for (int older = rotation; older > 0; older--) {
                logs.rename("access.log." + older, "access.log." + (older + 1));
            }
            copy(1);
            logs.truncate("access.log");
            if (rotation % 2 == 0) {
                logs.kill();
                write("t" + rotation + "-", 50);
                logs.start();
            }
            logs.settle();
        }

        assertEquals(
                written.stream().sorted().toList(), logs.deduplicated().stream().sorted().toList());
    }

    @Test
    void aLogThatHadJustBegunBeforeAKillIsKnownByItsCopy() throws Exception {
        logs.set("positionMillis", "60000"); // so the kill comes before they are due
        logs.start();
        logs.append("access.log.old", "old 0\n");
        logs.settle();
        write("a", 2_000);
        logs.settle();
        logs.kill();
        copy(1);
        logs.truncate("access.log");
        write("b", 500);
        logs.start();
        logs.settle();

        written.add("old 0");
        assertEquals(
                written.stream().sorted().toList(), logs.deduplicated().stream().sorted().toList());
    }

    @Test
    void logsWithTheSameHeaderAreNoCopiesOfEachOther() throws Exception {
        logs.start();
        String header = "#fields: date time method path\n".repeat(3);
        for (String name : List.of("access.log", "access.log.shop", "access.log.blog")) {
            logs.append(name, header);
        }
        logs.settle();
        for (String name : List.of("access.log.blog", "access.log.shop", "access.log")) {
            logs.append(name, name + "\n");
            logs.settle();
        }
        logs.append("access.log.late", header + "late\n");
        logs.settle();

        assertEquals(4, logs.deduplicated().stream().filter(body -> !body.startsWith("#")).count());
        assertEquals(12, logs.deduplicated().stream().filter(body -> body.startsWith("#")).count());
    }

    @Test
    void aLogWithTheSameHeaderAfterEachTruncationHasAnIdentityOfItsOwn() throws Exception {
        logs.start();
        for (int rotation = 1; rotation <= 4; rotation++) {
            write("#", 1); // the same line each time
            write("r" + rotation + "-", 40 + rotation);
            logs.settle();
            copy(rotation);
            logs.truncate("access.log");
            logs.settle();
        }

        assertEquals(written, logs.bodies());
        assertEquals(written, logs.deduplicated());
    }

    @Test
    void aNewLogThatRepeatsTheFirstLinesOfTheLastOneIsNoCopy() throws Exception {
        logs.start();
        for (int day = 0; day < 4; day++) {
            if (day > 0) {
                logs.rename("access.log", "access.log." + day);
            }
            if (day > 1) {
                Files.delete(logs.folder.resolve("access.log." + (day - 1)));
            }
            logs.append("access.log", "same\n".repeat(10 + 5 * day));
            logs.settle();
        }

        assertEquals(10 + 15 + 20 + 25, logs.deduplicated().size());
    }

    @Test
    void aCopyThatIsSeenBeforeItsLogMakesNoRepeats() throws Exception {
        logs.start();
        write("a", 3);
        logs.settle();
        logs.kill();
        logs.truncate("access.log");
        write("b", 1_000);
        copy(1);
        FileTime longAgo = FileTime.fromMillis(0); // the oldest log is read first
        Files.setLastModifiedTime(logs.folder.resolve("access.log.1"), longAgo);
        write("c", 3); // between the copy and the truncation
        logs.start();
        logs.settle();
        logs.truncate("access.log");
        write("d", 3);
        logs.settle();

        assertEquals(written, logs.deduplicated());
    }

    @Test
    void aFirstLineThatComesBackMakesAnotherIdentity() throws Exception {
        write("first", 1);
        logs.start();
        logs.settle();
        for (String first : List.of("#x", "#y", "#x", "#y", "#x")) {
            logs.truncate("access.log");
            write(first, 1);
            write("line", 3);
            logs.settle();
        }

        assertEquals(written, logs.deduplicated());
    }

    @Test
    void aLogOfWhichOnlyItsCopyIsSentLosesNoLineToTheNextContent() throws Exception {
        logs.start();
        write("#", 1); // the same line after the truncation
        write("a", 1_000);
        logs.refused = 1;
        logs.process();
        copy(1);
        logs.truncate("access.log");
        logs.settle();
        write("#", 1);
        write("b", 1_000);
        logs.settle();

        assertEquals(
                written.stream().sorted().toList(), logs.deduplicated().stream().sorted().toList());
    }

    private void write(String prefix, int lines) throws Exception {
        List<String> more =
                IntStream.range(0, lines).mapToObj(i -> prefix + String.format("%05d", i)).toList();
        written.addAll(more);
        logs.append("access.log", more.stream().map(s -> s + "\n").collect(Collectors.joining()));
    }

    private void copy(int number) throws Exception {
        Files.copy(
                logs.folder.resolve("access.log"),
                logs.folder.resolve("access.log." + number),
                StandardCopyOption.COPY_ATTRIBUTES);
    }
}
