package io.pysparkflume.flume;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.apache.flume.ChannelException;
import org.apache.flume.Context;
import org.apache.flume.Event;
import org.apache.flume.Transaction;
import org.apache.flume.event.EventBuilder;
import org.apache.flume.instrumentation.util.JMXPollUtil;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class HandoffChannelTest {
    private static final Map<String, String> SOON = Map.of("takeMillis", "1");

    private final List<ExecutorService> threads = new ArrayList<>();
    private HandoffChannel channel = channel(Map.of("takeMillis", "10000"));

    @AfterEach
    void end() {
        threads.forEach(ExecutorService::shutdownNow);
        channel.stop();
    }

    @Test
    void thePutReturnsOnlyWhenEachOfItsEventsIsCommittedByASink() throws Exception {
        Future<?> put = new Source().put("a", "b", "c");
        Sink sink = new Sink();

        assertEquals(List.of("a", "b"), sink.take(2));
        sink.commit();
        assertEquals(List.of("c"), sink.take(1));
        assertFalse(put.isDone());
        sink.commit();

        put.get();
    }

    @Test
    void aTakeOfAPartOfABatchDoesNotWaitForMore() throws Exception {
        new Source().put("a", "b");

        assertEquals(List.of("a", "b"), new Sink().take(100)); // it would wait for 10 s
    }

    @Test
    void aTakeOfAnEmptyChannelEndsWithNothing() throws Exception {
        channel = channel(SOON);

        assertEquals(List.of(), new Sink().take(1));
    }

    @Test
    void whatASinkRollsBackIsTakenNextInItsOrder() throws Exception {
        Future<?> put = new Source().put("a", "b", "c", "d");
        Sink sink = new Sink();

        assertEquals(List.of("a", "b", "c"), sink.take(3));
        sink.rollback();
        assertEquals(List.of("a", "b", "c", "d"), sink.take(4));
        sink.commit();

        put.get();
    }

    @Test
    void twoSinksShareABatchAndThePutWaitsForBoth() throws Exception {
        Future<?> put = new Source().put("a", "b", "c", "d");
        Sink first = new Sink();
        Sink second = new Sink();

        assertEquals(List.of("a", "b"), first.take(2));
        assertEquals(List.of("c", "d"), second.take(2));
        second.commit();
        assertFalse(put.isDone());
        first.commit();

        put.get();
    }

    @Test
    void eachOfTwoSourcesWaitsForItsOwnBatchOnly() throws Exception {
        Future<?> first = new Source().put("a");
        Sink sink = new Sink();
        assertEquals(List.of("a"), sink.take(1));
        Future<?> second = new Source().put("b");
        Sink other = new Sink();
        assertEquals(List.of("b"), other.take(1));

        other.commit();
        second.get();
        assertFalse(first.isDone());
        sink.commit();

        first.get();
    }

    @Test
    void anInterruptedPutTakesItsBatchBackThoughASinkHoldsSomeOfIt() throws Exception {
        Source source = new Source();
        source.put("a", "b", "c");
        Sink sink = new Sink();
        assertEquals(List.of("a"), sink.take(1));

        source.interrupt();
        sink.rollback(); // must not bring "a" back: the source puts it again

        new Source().put("again");
        assertEquals(List.of("again"), sink.take(10));
        sink.commit();
        assertEquals("0", counters().get("ChannelSize"));
        assertEquals("1", counters().get("EventPutSuccessCount"));
    }

    @Test
    void aPutThatNoSinkTakesInTimeFails() throws Exception {
        channel = channel(Map.of("commitSeconds", "1"));

        String said = refusal(new Source().put("a", "b"));

        assertTrue(said.contains("channel buffer: the sinks sent 0 of 2 events before commitSeconds"
                + " had passed; the source has to read them again"), said);
    }

    @Test
    void aStopEndsTheWaitOfAPut() throws Exception {
        Future<?> put = new Source().put("a", "b");
        Sink sink = new Sink();
        sink.take(2);

        channel.stop();

        assertTrue(refusal(put).contains("before the channel stopped"));
    }

    @Test
    void theCountersAreThoseOfAChannelThatIsNeverFull() throws Exception {
        Future<?> put = new Source().put("a", "b", "c");
        Sink sink = new Sink();
        sink.take(2);
        assertEquals("3", counters().get("ChannelSize"));
        assertEquals("0", counters().get("EventPutSuccessCount"));
        sink.commit();
        assertEquals("1", counters().get("ChannelSize"));
        sink.take(1);
        sink.commit();
        put.get();

        assertEquals("0", counters().get("ChannelSize"));
        assertEquals("3", counters().get("EventPutAttemptCount"));
        assertEquals("3", counters().get("EventPutSuccessCount"));
        assertEquals("3", counters().get("EventTakeSuccessCount"));
        assertEquals("0.0", counters().get("ChannelFillPercentage"));
    }

    @Test
    void manySourcesAndSinksThatRollBackPassEachEventOnce() throws Exception {
        channel = channel(SOON);
        List<Future<?>> puts = new ArrayList<>();
        for (int source = 0; source < 4; source++) {
            int first = source * 1000;
            Source putter = new Source();
            for (int batch = 0; batch < 10; batch++) {
                int from = first + batch * 100;
                puts.add(putter.put(IntStream.range(from, from + 100).boxed()
                        .map(String::valueOf).toArray(String[]::new)));
            }
        }
        Queue<String> committed = new ConcurrentLinkedQueue<>();
        for (int number = 0; number < 3; number++) {
            Sink sink = new Sink();
            int size = 30 + number * 20;
            sink.thread.submit(() -> {
                for (int round = 0; !Thread.interrupted(); round++) {
                    List<String> bodies = sink.takeHere(size);
                    if (round % 3 == 0) {
                        sink.rollbackHere();
                    } else {
                        committed.addAll(bodies);
                        sink.commitHere();
                    }
                }
                return null;
            });
        }
        for (Future<?> put : puts) {
            put.get();
        }

        assertEquals(
                IntStream.range(0, 4000).boxed().toList(),
                committed.stream().map(Integer::valueOf).sorted().toList());
    }

    private HandoffChannel channel(Map<String, String> keys) {
        HandoffChannel made = new HandoffChannel();
        made.setName("buffer");
        made.configure(new Context(keys));
        made.start();
        return made;
    }

    private static Map<String, String> counters() {
        return JMXPollUtil.getAllMBeans().get("CHANNEL.buffer");
    }

    private static String refusal(Future<?> put) {
        Throwable cause = assertThrows(ExecutionException.class, put::get).getCause();
        return assertInstanceOf(ChannelException.class, cause).getMessage();
    }

    private ExecutorService thread() {
        threads.add(Executors.newSingleThreadExecutor());
        return threads.get(threads.size() - 1);
    }

    /** A source with a thread of its own, as a transaction belongs to a thread. */
    private final class Source {
        private final ExecutorService thread = thread();
        private Future<?> last;

        Future<?> put(String... bodies) {
            last = thread.submit(() -> {
                Transaction transaction = channel.getTransaction();
                transaction.begin();
                try {
                    for (String body : bodies) {
                        channel.put(EventBuilder.withBody(body.getBytes()));
                    }
                    transaction.commit();
                } catch (ChannelException e) {
                    transaction.rollback();
                    throw e;
                } finally {
                    transaction.close();
                }
            });
            return last;
        }

        void interrupt() throws Exception {
            thread.shutdownNow();
            assertInstanceOf(
                    InterruptedException.class,
                    assertThrows(ExecutionException.class, last::get).getCause().getCause());
        }
    }

    /** A sink with a thread of its own. */
    private final class Sink {
        private final ExecutorService thread = thread();
        private Transaction transaction;

        List<String> take(int events) throws Exception {
            return run(() -> takeHere(events));
        }

        void commit() throws Exception {
            run(() -> commitHere());
        }

        void rollback() throws Exception {
            run(() -> rollbackHere());
        }

        List<String> takeHere(int events) {
            transaction = channel.getTransaction();
            transaction.begin();
            List<String> bodies = new ArrayList<>();
            Event event = channel.take();
            while (event != null) {
                bodies.add(new String(event.getBody()));
                event = bodies.size() < events ? channel.take() : null;
            }
            return bodies;
        }

        Void commitHere() {
            transaction.commit();
            transaction.close();
            return null;
        }

        Void rollbackHere() {
            transaction.rollback();
            transaction.close();
            return null;
        }

        private <T> T run(Callable<T> task) throws Exception {
            return thread.submit(task).get();
        }
    }
}
