package io.pysparkflume.streaming;

import java.io.IOException;

/** The messages of a receiver that cannot listen: place, fact and remedy. */
final class ListenFailure {
    // The JDK's messages.
    static final String IN_USE = "Address already in use";
    static final String NOT_HERE = "Cannot assign requested address";

    /** Part of the message of a receiver that stops, to be started on another worker. */
    static final String ANOTHER_HOST = "the address belongs to another host";

    private ListenFailure() {}

    /** Returns the message without the name of the system call that the JDK appends. */
    static String fact(IOException cause) {
        return cause.getMessage().replaceAll(" \\(.*\\)$", "");
    }

    /** @param isOurs whether another stream of the program has the port */
    static String message(String host, int port, String fact, boolean isOurs) {
        String reason = switch (fact) {
            case IN_USE -> isOurs
                    ? "another stream of this program has the port; call createStream once and use"
                            + " its stream for every output, or choose another port"
                    : IN_USE + "; another program listens there: end it or choose another port";
            case NOT_HERE -> "no interface here has this address; use 0.0.0.0";
            default -> fact + "; pass the host name of the worker that runs the receiver,"
                    + " or 0.0.0.0 for any of its addresses";
        };
        return String.format("Flume receiver cannot listen on %s:%d: %s", host, port, reason);
    }

    /** The message of a receiver that Spark shall start on another worker. */
    static String moves(String host, int port) {
        return String.format("Flume receiver cannot listen on %s:%d: %s; Spark tries the next"
                + " executor, and keeps trying if no worker has that host name (or pass 0.0.0.0)",
                host, port, ANOTHER_HOST);
    }
}
