package io.pysparkflume.streaming;

import java.io.IOException;

/** Thrown if the peer broke the protocol; the message names the rule, the value and the limit. */
final class ProtocolException extends IOException {
    private static final long serialVersionUID = 1L;

    private static final int NAME_CHARS_MAX = 60;

    ProtocolException(String message) {
        super(message);
    }

    /** Returns a peer's text for a log line: without line breaks, and not too long. */
    static String printable(String text) {
        return printable(text, NAME_CHARS_MAX);
    }

    static String printable(String text, int charsMax) {
        String safe = text.replaceAll("[^\\x20-\\x7e]", "?");
        return safe.length() <= charsMax ? safe : safe.substring(0, charsMax) + "…";
    }
}
