package io.pysparkflume.streaming;

import static io.pysparkflume.streaming.Bytes.hex;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(30)
class AvroConnectionTest {
    private static final int BYTES = 1024;
    private static final int STALL_SECONDS = 1;

    /** Flume 1.11's handshake and append of "hi"; append of "hi". */
    private static final String FIRST = "00000001 00000001 0000002e"
            + "86aadae2c45474c0fe93ffd0f2350a65 00 86aadae2c45474c0fe93ffd0f2350a65 00"
            + "00 0c 617070656e64 00 04 6869";
    private static final String SECOND =
            "00000002 00000001 0000000c  00 0c 617070656e64 00 04 6869";
    private static final String FIRST_OK = "00000001 00000001 00000007 00000000 000000";
    private static final String SECOND_OK = "00000002 00000001 00000003 000000";
    private static final String SECOND_FAILED = "00000002 00000001 00000003 000002";

    private final FrameMemory memory = new FrameMemory(BYTES);
    private final BlockingQueue<EncodedEvents> stored = new LinkedBlockingQueue<>();
    private final Queue<Throwable> escaped = new ConcurrentLinkedQueue<>();
    private Socket client;
    private Socket accepted;
    private Thread serving;

    @BeforeEach
    void connect() throws IOException {
        try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            client = new Socket(server.getInetAddress(), server.getLocalPort());
            accepted = server.accept();
        }
    }

    @AfterEach
    void connectionEndsAndHoldsNoMemory() throws Exception {
        client.close();
        serving.join();
        assertTrue(accepted.isClosed());
        assertEquals(BYTES, memory.free());
        assertEquals(List.of(), List.copyOf(escaped)); // in an executor Spark would end the JVM
    }

    @Test
    void eachCallIsStoredThenAnswered() throws Exception {
        serve(stored::add);

        send(FIRST);
        assertAnswer(FIRST_OK);
        assertEquals("00046869", Bytes.hex(stored.remove().chunks().get(0)));
        send(SECOND);
        assertAnswer(SECOND_OK);
        assertEquals("00046869", Bytes.hex(stored.remove().chunks().get(0)));
    }

    @Test
    void noAnswerIsSentBeforeTheStoreReturns() throws Exception {
        CountDownLatch storing = new CountDownLatch(1);
        CountDownLatch mayReturn = new CountDownLatch(1);
        serve(events -> {
            storing.countDown();
            mayReturn.await();
        });

        send(FIRST);
        storing.await();
        assertEquals(0, client.getInputStream().available());
        mayReturn.countDown();
        assertAnswer(FIRST_OK);
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aBatchThatIsNotStoredIsAnsweredFailedAndTheConnectionStaysOpen(boolean heapIsFull)
            throws Exception {
        CountDownLatch refused = new CountDownLatch(2);
        serve(events -> {
            refused.countDown();
            if (refused.getCount() == 0 && heapIsFull) {
                throw new OutOfMemoryError("Java heap space");
            }
            if (refused.getCount() == 0) {
                throw new IllegalStateException("the receiver is stopping");
            }
        });

        send(FIRST);
        assertAnswer(FIRST_OK);
        send(SECOND);
        assertAnswer(SECOND_FAILED);
        send(SECOND);
        assertAnswer(SECOND_FAILED);
    }

    @Test
    void callsMayBeSentBeforeTheAnswersArrive() throws Exception {
        serve(stored::add);

        send(FIRST + SECOND + SECOND);

        assertAnswer(FIRST_OK);
        assertAnswer(SECOND_OK);
        assertAnswer(SECOND_OK);
    }

    @Test
    void aClientThatStallsWithinACallIsClosed() throws Exception {
        serve(stored::add);
        String call = FIRST.replace(" ", "");

        send(call.substring(0, call.length() - 2));

        assertClosed();
    }

    @Test
    void aClientThatIsSilentBetweenCallsIsNotClosed() throws Exception {
        serve(stored::add);
        send(FIRST);
        assertAnswer(FIRST_OK);

        serving.join(2000 * STALL_SECONDS);
        assertTrue(serving.isAlive());

        send(SECOND);
        assertAnswer(SECOND_OK);
    }

    @Test
    void anInvalidCallClosesTheConnectionUnanswered() throws Exception {
        serve(stored::add);

        send("00000001 00000001 00000001 00");

        assertClosed();
        assertTrue(stored.isEmpty());
    }

    @Test
    void anUnexpectedErrorClosesTheConnectionWithALogLine() throws Exception {
        try (LogLines log = new LogLines(AvroConnection.class)) {
            serve(events -> {
                throw new StackOverflowError();
            });
            send(FIRST);

            assertClosed();
            serving.join();
            assertEquals("WARN Flume client " + peer()
                    + " disconnected: java.lang.StackOverflowError\n", log.toString());
        }
    }

    @Test
    void anUnexpectedExceptionClosesTheConnectionWithALogLine() throws Exception {
        try (LogLines log = new LogLines(AvroConnection.class)) {
            serve(stored::add, -1); // no socket has such a time-out
            send(FIRST);

            assertClosed();
            serving.join();
            String line = log.toString();
            assertTrue(line.startsWith("WARN Flume client " + peer()
                    + " disconnected: java.lang.IllegalArgumentException"), line);
            assertEquals(1, line.lines().count(), line);
        }
    }

    private void serve(EventStore store) {
        serve(store, STALL_SECONDS);
    }

    private void serve(EventStore store, int stallSeconds) {
        serving = new Thread(
                new AvroConnection(accepted, false, memory, stallSeconds, store), "serving");
        serving.setUncaughtExceptionHandler((thread, error) -> escaped.add(error));
        serving.start();
    }

    private String peer() {
        return "127.0.0.1:" + client.getLocalPort();
    }

    private void send(String hex) throws IOException {
        client.getOutputStream().write(hex(hex));
    }

    private void assertAnswer(String expected) throws IOException {
        byte[] bytes = hex(expected);
        assertEquals(Bytes.hex(bytes), Bytes.hex(client.getInputStream().readNBytes(bytes.length)));
    }

    private void assertClosed() throws IOException {
        assertEquals(-1, client.getInputStream().read());
    }
}
