package io.pysparkflume.landing;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Locale;

/**
 * A landing log cannot be read. Python says the same ({@code pyspark_flume.landing}), but it has no
 * folder that it cannot name.
 */
public final class LandingException extends IOException {
    private static final long serialVersionUID = 1L;

    private LandingException(String message) {
        super(message);
    }

    private static String format(String message, Object... values) {
        return String.format(Locale.ROOT, message, values);
    }

    static LandingException missing(Path folder) {
        return new LandingException(
                folder
                        + " holds no landing log; start the receiver on it first, or correct the"
                        + " path");
    }

    static LandingException denied(Path folder) {
        return new LandingException(
                folder + ": Permission denied; let the query read the receiver's folder");
    }

    static LandingException unnameable(String folder) {
        return new LandingException(
                folder
                        + ": Java cannot name this folder in the process's locale; set"
                        + " LC_ALL=C.UTF-8 for Spark, or use a name in ASCII");
    }

    static LandingException gone(Path folder, long offset, long begin) {
        return new LandingException(
                format(
                        "offset %d of %s is gone, the log begins at %d (retention); start the query"
                                + " with a new checkpoint, and let retention wait for it (commit)"
                                + " or keep longer",
                        offset, folder, begin));
    }

    static LandingException cut(Path folder, long offset, long end) {
        return new LandingException(
                format(
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
                format(
                        "%s is damaged at byte %d: %s; restore it from a copy, or move the folder"
                                + " away and start an empty log",
                        segment.path(), position, fact));
    }
}
