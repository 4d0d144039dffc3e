package io.pysparkflume.streaming;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.avro.Protocol;
import org.apache.avro.Schema;
import org.apache.avro.SchemaNormalization;

/** Checks that a peer's byte layout is exactly ours, because events are kept undecoded. */
final class ProtocolLayout {
    /** The layouts of Flume's own calls have at most 310 characters. */
    private static final int LAYOUT_CHARS_MAX = 400;

    private ProtocolLayout() {}

    /**
     * Checks the messages that both protocols have; there must be at least one.
     *
     * @param text the peer's protocol as JSON
     * @param peer the sender of the text, as in "the client"
     * @param expected the sender that is expected, as in "a Flume avro sink"
     */
    static void requireSame(Protocol ours, String text, String peer, String expected)
            throws ProtocolException {
        Protocol theirs;
        try {
            theirs = Protocol.parse(text);
        } catch (RuntimeException e) {
            // Catch any RuntimeException: Avro's parser does not check the types in the JSON.
            throw new ProtocolException(peer + "'s protocol is not valid: "
                    + ProtocolException.printable(String.valueOf(e.getMessage())));
        }
        String name = ProtocolException.printable(theirs.getName());
        for (Map.Entry<String, Protocol.Message> message : ours.getMessages().entrySet()) {
            Protocol.Message their = theirs.getMessages().get(message.getKey());
            if (their != null && !layout(their).equals(layout(message.getValue()))) {
                throw new ProtocolException(peer + "'s " + name + "." + message.getKey()
                        + " differs from Flume's: " + ProtocolException.printable(
                                layout(their).toString(), LAYOUT_CHARS_MAX));
            }
        }
        if (theirs.getMessages().keySet().stream().noneMatch(ours.getMessages()::containsKey)) {
            throw new ProtocolException(peer + " speaks " + name
                    + ", expected " + ours.getName() + " (" + expected + ")");
        }
    }

    private static List<String> layout(Protocol.Message message) {
        List<String> forms = new ArrayList<>();
        for (Schema.Field field : message.getRequest().getFields()) {
            forms.add(SchemaNormalization.toParsingForm(field.schema()));
        }
        forms.add(SchemaNormalization.toParsingForm(message.getResponse()));
        return forms;
    }
}
