package io.pysparkflume.landing;

import java.io.IOException;
import java.nio.file.Path;

/** A landing log cannot be read. The messages are those of {@code pyspark_flume.landing}. */
public final class LandingException extends IOException {
    private static final long serialVersionUID = 1L;

    private LandingException(String message) {
        super(message);
    }

    static LandingException missing(Path folder) {
        return new LandingException(
                folder
                        + " holds no landing log; start the receiver on it first, or correct the"
                        + " path");
    }

    static LandingException gone(Path folder, long offset, long begin) {
        return new LandingException(
                String.format(
                        "offset %d of %s is gone, the log begins at %d (retention); start the query"
                                + " with a new checkpoint, and let retention wait for it (commit) or"
                                + " keep longer",
                        offset, folder, begin));
    }

    static LandingException cut(Path folder, long offset, long end) {
        return new LandingException(
                String.format(
                        "%s has no offset %d, its events end at %d; the log was replaced or cut;"
                                + " start the query with a new checkpoint",
                        folder, offset, end));
    }

    static LandingException indexDamaged(Segment segment) {
        return new LandingException(
                segment.index()
                        + " is damaged or lost; remove it and restart the receiver: it is rebuilt"
                        + " from its segment");
    }

    static LandingException damaged(Segment segment, long position, String fact) {
        return new LandingException(
                String.format(
                        "%s is damaged at byte %d: %s; restore it from a copy, or move the folder"
                                + " away and start an empty log",
                        segment.path(), position, fact));
    }
}
