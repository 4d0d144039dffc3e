package io.pysparkflume.streaming;

/** An error that a sink sends instead of a batch; the connection can still be used. */
final class SinkErrorException extends Exception {
    private static final long serialVersionUID = 1L;

    SinkErrorException(String message) {
        super(message);
    }
}
