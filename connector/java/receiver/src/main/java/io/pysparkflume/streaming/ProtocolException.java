package io.pysparkflume.streaming;

import io.pysparkflume.avro.AvroReader;
import io.pysparkflume.avro.CorruptException;
import java.io.IOException;

/** Thrown if the peer broke the protocol; the message names the rule, the value and the limit. */
final class ProtocolException extends IOException {
    private static final long serialVersionUID = 1L;

    private static final int NAME_CHARS_MAX = 60;

    ProtocolException(String message) {
        super(message);
    }

    /** Returns the error for a message that is corrupt where its reader stands. */
    static ProtocolException corrupt(AvroReader message, CorruptException cause) {
        return new ProtocolException(cause.getMessage() + ", at byte " + message.position());
    }

    /** Returns a peer's text for a log line: without line breaks, and not too long. */
    static String printable(String text) {
        return printable(text, NAME_CHARS_MAX);
    }

    static String printable(String text, int charsMax) {
        boolean isCut = text.length() > charsMax;
        String safe = (isCut ? text.substring(0, charsMax) : text)
                .replaceAll("[^\\x20-\\x7e]", "?");
        return isCut ? safe + "…" : safe;
    }
}
