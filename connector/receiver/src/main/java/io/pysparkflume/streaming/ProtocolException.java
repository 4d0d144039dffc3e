package io.pysparkflume.streaming;

import java.io.IOException;

/** The client broke the protocol; the message says which rule, with both numbers. */
final class ProtocolException extends IOException {
    private static final long serialVersionUID = 1L;

    ProtocolException(String message) {
        super(message);
    }
}
