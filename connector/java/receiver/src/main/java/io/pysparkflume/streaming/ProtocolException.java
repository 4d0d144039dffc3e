package io.pysparkflume.streaming;

import java.io.IOException;

/** The peer broke the protocol; the message says which rule, with both numbers. */
final class ProtocolException extends IOException {
    private static final long serialVersionUID = 1L;

    private static final int NAME_CHARS_MAX = 60;

    ProtocolException(String message) {
        super(message);
    }

    /** What a peer sends goes into a log line: no line breaks, no end of it. */
    static String printable(String text) {
        return printable(text, NAME_CHARS_MAX);
    }

    static String printable(String text, int charsMax) {
        String safe = text.replaceAll("[^\\x20-\\x7e]", "?");
        return safe.length() <= charsMax ? safe : safe.substring(0, charsMax) + "…";
    }
}
