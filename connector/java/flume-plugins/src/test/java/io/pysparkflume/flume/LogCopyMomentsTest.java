package io.pysparkflume.flume;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.flume.PollableSource.Status;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A log is copied and truncated at each moment of the source's work; then the agent is killed, and
 * the same happens once more while it is dead.
 *
 * <p>A moment is the one before a read of any log, or before a look at its size.
 */
@Timeout(300)
class LogCopyMomentsTest {
    private static final int LINE = 64; // bytes
    private static final int LINES = 400; // more than the head of a log
    private static final int FEW_LINES = 100; // enough for a sure head, which grows later
    private static final int BATCH = 300;
    private static final int BYTES = 16 << 10; // in a read, so that it takes several

    @TempDir Path directory;

    /** What the log has had when it is truncated. */
    enum Before {
        /** The source has not seen it. */
        NOTHING_READ,
        /** A few lines were sent. */
        HAS_BEGUN
    }

    @ParameterizedTest
    @EnumSource
    void noMomentOfACopyAndTruncationLosesOrRepeatsALine(Before before) throws Exception {
        int moment = 1;
        while (new Rotations(before, moment, 0).run()) {
            moment++;
        }
        assertTrue(moment > 10, "there are moments: " + moment);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void aKillAfterTheRotationLosesOrRepeatsNoLine(int batches) throws Exception {
        for (Before before : Before.values()) {
            int moment = 1;
            while (new Rotations(before, moment, batches).run()) {
                moment++;
            }
        }
    }

    /** One run of the two rotations. */
    private final class Rotations {
        private final String name;
        private final LogFolder logs;
        private final List<String> written = new ArrayList<>();
        private final Before before;
        private final int moment;
        private final int batches;

        private boolean isDue;
        private int moments;
        private int rotations;
        private int sent;
        private byte[] positions; // as a kill leaves them

        /**
         * Takes the moment of the rotation.
         *
         * @param batches so many of them are sent after the rotation, the last one as the agent is
         *     killed; 0: it is not killed
         */
        Rotations(Before before, int moment, int batches) throws IOException {
            name = before + "-" + moment + "-" + batches;
            logs = new LogFolder(Files.createDirectory(directory.resolve(name)));
            this.before = before;
            this.moment = moment;
            this.batches = batches;
        }

        /** Returns whether the moment came. */
        boolean run() throws Exception {
            logs.set("batchSize", Integer.toString(BATCH));
            logs.fileWrapper = file -> new HookedFile(file, BYTES, this::passMoment);
            logs.meanwhile = this::keepPositions;
            logs.start();
            if (before == Before.HAS_BEGUN) {
                write(FEW_LINES);
                logs.settle();
            }
            write(LINES);
            isDue = true;
            if (batches == 0) {
                logs.settle();
            } else {
                killAfterBatches();
                write(FEW_LINES);
                rotate();
                logs.start();
            }
            isDue = false;
            logs.settle();
            assertEquals(sorted(written), sorted(logs.deduplicated()), name);
            return rotations > (batches == 0 ? 0 : 1);
        }

        private void killAfterBatches() throws Exception {
            int idle = 0;
            while (sent < batches && idle < 3) {
                idle = logs.process() == Status.READY ? 0 : idle + 1;
                Thread.sleep(1);
            }
            if (positions == null) { // all is sent
                positions = Files.readAllBytes(logs.positions);
            }
            logs.kill();
            Files.write(logs.positions, positions);
            isDue = false;
        }

        private void passMoment() {
            if (isDue && ++moments == moment) {
                rotate();
                write(LINES);
            }
        }

        private void keepPositions() {
            if (rotations > 0 && ++sent == batches) {
                try {
                    positions = Files.readAllBytes(logs.positions);
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            }
        }

        private void rotate() {
            Path folder = logs.folder;
            try {
                if (Files.exists(folder.resolve("access.log.1"))) {
                    logs.rename("access.log.1", "access.log.2");
                }
                Files.copy(
                        folder.resolve("access.log"), folder.resolve("access.log.1"),
                        StandardCopyOption.COPY_ATTRIBUTES);
                logs.truncate("access.log");
                rotations++;
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        private void write(int lines) {
            int first = written.size();
            List<String> more = IntStream.range(first, first + lines)
                    .mapToObj(i -> String.format("%0" + (LINE - 1) + "d", i)).toList();
            written.addAll(more);
            try {
                logs.append(
                        "access.log",
                        more.stream().map(s -> s + "\n").collect(Collectors.joining()));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    private static List<String> sorted(List<String> lines) {
        List<String> copy = new ArrayList<>(lines);
        Collections.sort(copy);
        return copy;
    }
}
