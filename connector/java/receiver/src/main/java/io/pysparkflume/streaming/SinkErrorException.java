package io.pysparkflume.streaming;

/** A sink's own error, answered in place of a batch; its connection is as good as before. */
final class SinkErrorException extends Exception {
    private static final long serialVersionUID = 1L;

    SinkErrorException(String message) {
        super(message);
    }
}
