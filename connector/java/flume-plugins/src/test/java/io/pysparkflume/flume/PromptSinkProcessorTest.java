package io.pysparkflume.flume;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeout;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import org.apache.flume.Channel;
import org.apache.flume.Context;
import org.apache.flume.Event;
import org.apache.flume.EventDeliveryException;
import org.apache.flume.Sink;
import org.apache.flume.SinkRunner;
import org.apache.flume.Transaction;
import org.apache.flume.channel.AbstractChannel;
import org.apache.flume.channel.MemoryChannel;
import org.apache.flume.event.EventBuilder;
import org.apache.flume.sink.AbstractSink;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class PromptSinkProcessorTest {
    /** Pauses of a millisecond, not of seconds as Flume's own. */
    private static final Map<String, String> SHORT = Map.of("idleDelay", "1", "retryDelay", "1");

    private static final Receiver ACCEPTS = events -> { };
    private static final Receiver IS_AWAY = events -> {
        throw new EventDeliveryException("receiver away");
    };

    private final RecordingSink sink = sink("spark", memoryChannel(0), ACCEPTS);

    @Test
    void theRunnerCallsAgainAtOnceAfterAnEmptyChannelAndAfterAFailedDelivery() {
        PromptSinkProcessor processor = processor(SHORT, sink);

        assertEquals(Sink.Status.READY, processor.process());
        sink.receiver = IS_AWAY;
        put(sink.getChannel(), 1);
        assertEquals(Sink.Status.READY, processor.process());
        sink.receiver = ACCEPTS;
        assertEquals(Sink.Status.READY, processor.process());

        assertEquals(3, sink.calls);
        assertEquals(1, sink.delivered.size());
    }

    @Test
    void aStopEndsAPauseAtOnce() {
        PromptSinkProcessor processor = processor(Map.of("idleDelay", "60000"), sink);

        Thread.currentThread().interrupt();
        processor.process();

        assertTrue(Thread.interrupted(), "the runner must see that it has to stop");
    }

    @Test
    void sinksOfTwoChannelsInOneGroupAreRefused() {
        Sink other = sink("other", memoryChannel(0), ACCEPTS);

        IllegalArgumentException refusal = assertThrows(
                IllegalArgumentException.class,
                () -> new PromptSinkProcessor().setSinks(List.of(sink, other)));

        assertEquals("sinks other and spark of one group take from two channels; give each channel"
                + " a group of its own", refusal.getMessage());
    }

    @Test
    void theNextSinkByNameTakesOverWhenOneFailsAndKeepsOn() {
        Channel channel = memoryChannel(20);
        RecordingSink first = sink("1", channel, IS_AWAY);
        RecordingSink second = sink("2", channel, ACCEPTS);
        PromptSinkProcessor processor = processor(
                Map.of("idleDelay", "1", "retryDelay", "60000"), second, first);

        for (int call = 0; call < 4; call++) {
            processor.process(); // with a pause, this test would time out
        }

        assertEquals(1, first.calls);
        assertEquals(bodies(20), second.delivered);
    }

    @Test
    void thereIsAPauseOnlyAfterEachSinkHasFailed() {
        Channel channel = memoryChannel(1);
        RecordingSink second = sink("2", channel, IS_AWAY);
        PromptSinkProcessor processor = processor(
                Map.of("retryDelay", "200"), sink("1", channel, IS_AWAY), second);

        long started = System.nanoTime();
        processor.process();
        processor.process();

        assertTrue(System.nanoTime() - started >= Duration.ofMillis(200).toNanos());
        assertEquals(1, second.calls);
    }

    @Test
    void aStopDrainsThroughTheSinkThatDelivers() {
        Channel channel = memoryChannel(30);
        RecordingSink first = sink("1", channel, IS_AWAY);
        RecordingSink second = sink("2", channel, ACCEPTS);

        startAndStop(first, second);

        assertEquals(bodies(30), second.delivered);
    }

    @Test
    void aStopCompletesTheCurrentDeliveryAndThenSendsTheRestOnce() throws Exception {
        put(sink.getChannel(), 50);
        CountDownLatch underWay = new CountDownLatch(1);
        CountDownLatch answer = new CountDownLatch(1);
        sink.receiver = events -> {
            underWay.countDown();
            answer.await();
        };
        SinkRunner runner = new SinkRunner(processor(SHORT, sink));
        runner.start();
        underWay.await();

        Thread stop = new Thread(runner::stop);
        stop.start();
        while (stop.getState() != Thread.State.TIMED_WAITING) { // it waits for the runner to end
            Thread.sleep(1); // the test's time-out is the deadline
        }
        answer.countDown();
        stop.join();

        assertEquals(bodies(50), sink.delivered);
        assertEquals(1, sink.deliveriesOf("0"), "interrupted, and sent again");
    }

    @Test
    void aReceiverThatFailsTwiceDuringAStopLosesNothing() {
        put(sink.getChannel(), 10);
        sink.receiver = events -> {
            if (sink.calls <= 2) {
                throw new EventDeliveryException("receiver hiccups");
            }
        };

        startAndStop(sink);

        assertEquals(bodies(10), sink.delivered);
    }

    @Test
    void aReceiverThatHasGoneEndsTheStopAfterThreeTries() {
        put(sink.getChannel(), 10);
        sink.receiver = IS_AWAY;

        startAndStop(sink);

        assertEquals(3, sink.calls);
    }

    @Test
    void aReceiverThatHangsEndsTheStopAtItsDeadline() {
        put(sink.getChannel(), 10);
        CountDownLatch never = new CountDownLatch(1);
        CountDownLatch interrupted = new CountDownLatch(1);
        CountDownLatch underWay = new CountDownLatch(1);
        sink.receiver = events -> {
            underWay.countDown();
            try {
                never.await();
            } catch (InterruptedException e) {
                interrupted.countDown();
                throw e;
            }
        };
        SinkRunner runner = new SinkRunner(processor(Map.of("drainSeconds", "1"), sink));
        runner.start();

        assertTimeout(Duration.ofSeconds(5), () -> {
            underWay.await();
            runner.stop();
        });

        assertEquals(0, interrupted.getCount(), "the delivery must be interrupted");
        assertEquals(1, sink.calls);
    }

    @Test
    void aChannelThatOutlivesTheAgentIsNotDrained() {
        sink.setChannel(new DurableChannel());

        startAndStop(sink);

        assertEquals(0, sink.calls);
    }

    private static RecordingSink sink(String name, Channel channel, Receiver receiver) {
        RecordingSink sink = new RecordingSink();
        sink.setName(name);
        sink.setChannel(channel);
        sink.receiver = receiver;
        return sink;
    }

    private static PromptSinkProcessor processor(Map<String, String> keys, Sink... sinks) {
        PromptSinkProcessor processor = new PromptSinkProcessor();
        processor.setSinks(List.of(sinks));
        processor.configure(new Context(keys));
        return processor;
    }

    private static void startAndStop(Sink... sinks) {
        PromptSinkProcessor processor = processor(SHORT, sinks);
        processor.start();
        processor.stop();
    }

    /** Creates a channel with events whose bodies are "0", "1", … */
    private static Channel memoryChannel(int events) {
        MemoryChannel channel = new MemoryChannel();
        channel.setName("buffer");
        channel.configure(new Context(Map.of("keep-alive", "0")));
        channel.start();
        put(channel, events);
        return channel;
    }

    private static void put(Channel channel, int events) {
        Transaction transaction = channel.getTransaction();
        transaction.begin();
        for (String body : bodies(events)) {
            channel.put(EventBuilder.withBody(body.getBytes()));
        }
        transaction.commit();
        transaction.close();
    }

    private static List<String> bodies(int events) {
        List<String> bodies = new ArrayList<>();
        for (int event = 0; event < events; event++) {
            bodies.add(Integer.toString(event));
        }
        return bodies;
    }

    /** What the receiver does with a batch. */
    private interface Receiver {
        void receive(List<String> events) throws EventDeliveryException, InterruptedException;
    }

    /** Sends batches of 10 in transactions, like Flume's avro sink. */
    private static final class RecordingSink extends AbstractSink {
        private final List<String> delivered = new ArrayList<>();
        private final List<String> tried = new ArrayList<>();
        private Receiver receiver;
        private int calls;

        @Override
        public Status process() throws EventDeliveryException {
            calls++;
            Transaction transaction = getChannel().getTransaction();
            transaction.begin();
            List<String> batch = new ArrayList<>();
            try {
                for (Event event = getChannel().take(); event != null; event = next(batch)) {
                    batch.add(new String(event.getBody()));
                }
                tried.addAll(batch);
                if (!batch.isEmpty()) {
                    receiver.receive(batch);
                }
                transaction.commit();
            } catch (InterruptedException e) {
                transaction.rollback();
                throw new EventDeliveryException(e);
            } catch (EventDeliveryException e) {
                transaction.rollback();
                throw e;
            } finally {
                transaction.close();
            }
            delivered.addAll(batch);
            return batch.isEmpty() ? Status.BACKOFF : Status.READY;
        }

        private Event next(List<String> batch) {
            return batch.size() < 10 ? getChannel().take() : null;
        }

        private long deliveriesOf(String body) {
            return tried.stream().filter(body::equals).count();
        }
    }

    /** A stand-in for a file channel. */
    private static final class DurableChannel extends AbstractChannel {
        @Override
        public void put(Event event) {
            throw new UnsupportedOperationException();
        }

        @Override
        public Event take() {
            throw new UnsupportedOperationException();
        }

        @Override
        public Transaction getTransaction() {
            throw new UnsupportedOperationException();
        }
    }
}
