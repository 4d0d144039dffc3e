package io.pysparkflume.landing;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * A segment of a log: an Avro container file and its index.
 *
 * @param first the number of its first event
 * @param end the number after its last event, which is the first one of the next segment; -1 if no
 *     segment follows
 */
record Segment(Path folder, long first, long end) {
    private static final Pattern NAME = Pattern.compile("(\\d{20})\\.avro");

    /** Returns the segments in a folder, oldest first. */
    static List<Segment> in(Path folder) throws IOException {
        long[] firsts;
        try (Stream<Path> files = Files.list(folder)) {
            firsts =
                    files.map(file -> NAME.matcher(file.getFileName().toString()))
                            .filter(Matcher::matches)
                            .mapToLong(name -> Long.parseLong(name.group(1)))
                            .sorted()
                            .toArray();
        } catch (NoSuchFileException | NotDirectoryException error) {
            throw LandingException.missing(folder);
        } catch (AccessDeniedException error) {
            throw LandingException.denied(folder);
        }
        List<Segment> segments = new ArrayList<>();
        for (int i = 0; i < firsts.length; i++) {
            long end = i + 1 < firsts.length ? firsts[i + 1] : -1;
            segments.add(new Segment(folder, firsts[i], end));
        }
        return segments;
    }

    private String name(String suffix) {
        return String.format(Locale.ROOT, "%020d.%s", first, suffix); // other digits elsewhere
    }

    Path path() {
        return folder.resolve(name("avro"));
    }

    Path index() {
        return folder.resolve(name("index"));
    }
}
