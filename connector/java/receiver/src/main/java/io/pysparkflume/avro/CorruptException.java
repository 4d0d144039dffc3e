package io.pysparkflume.avro;

import java.io.IOException;

/** Bytes that are not what was announced. The message says why, but not where they come from. */
public final class CorruptException extends IOException {
    private static final long serialVersionUID = 1L;

    public CorruptException(String fact) {
        super(fact);
    }
}
