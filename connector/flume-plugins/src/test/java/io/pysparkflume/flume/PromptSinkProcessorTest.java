package io.pysparkflume.flume;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import org.apache.flume.Context;
import org.apache.flume.EventDeliveryException;
import org.apache.flume.Sink;
import org.apache.flume.sink.AbstractSink;
import org.apache.flume.sink.NullSink;
import org.junit.jupiter.api.Test;

class PromptSinkProcessorTest {
    /** Takes ms, not the seconds of Flume's own pauses. */
    private static final Map<String, String> SHORT = Map.of("idleDelay", "1", "retryDelay", "1");

    @Test
    void anEmptyChannelAndAFailedDeliveryBothLetTheRunnerComeAgainAtOnce() {
        ScriptedSink sink = new ScriptedSink();
        PromptSinkProcessor processor = processor(sink, SHORT);

        for (int call = 0; call < 3; call++) {
            assertEquals(Sink.Status.READY, processor.process());
        }

        assertEquals(3, sink.calls);
    }

    @Test
    void aStopEndsAPauseAtOnce() {
        PromptSinkProcessor processor = processor(new ScriptedSink(), Map.of("idleDelay", "60000"));

        Thread.currentThread().interrupt();
        processor.process();

        assertTrue(Thread.interrupted(), "the runner must see that it has to stop");
    }

    @Test
    void twoSinksInItsGroupAreRefused() {
        assertThrows(
                IllegalArgumentException.class,
                () -> new PromptSinkProcessor().setSinks(List.of(new NullSink(), new NullSink())));
    }

    private static PromptSinkProcessor processor(Sink sink, Map<String, String> keys) {
        PromptSinkProcessor processor = new PromptSinkProcessor();
        processor.setSinks(List.of(sink));
        processor.configure(new Context(keys));
        return processor;
    }

    /** An empty channel, then a failed delivery, then a good one. */
    private static final class ScriptedSink extends AbstractSink {
        private int calls;

        @Override
        public Status process() throws EventDeliveryException {
            calls++;
            if (calls == 2) {
                throw new EventDeliveryException("receiver away");
            }
            return calls == 1 ? Status.BACKOFF : Status.READY;
        }
    }
}
