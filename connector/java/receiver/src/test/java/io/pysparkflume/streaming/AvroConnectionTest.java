package io.pysparkflume.streaming;

import static io.pysparkflume.streaming.Bytes.hex;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

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

    @Test
    void aBatchThatIsNotStoredIsAnsweredFailedAndTheConnectionStaysOpen() throws Exception {
        CountDownLatch refused = new CountDownLatch(2);
        serve(events -> {
            refused.countDown();
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
    void aFullHeapClosesTheConnection() throws Exception {
        Thread.UncaughtExceptionHandler quiet = (thread, error) -> { };
        serve(events -> {
            throw new OutOfMemoryError("Java heap space");
        }, quiet);

        send(FIRST);

        assertClosed();
    }

    private void serve(EventStore store) {
        serve(store, null);
    }

    private void serve(EventStore store, Thread.UncaughtExceptionHandler handler) {
        AvroConnection connection =
                new AvroConnection(accepted, false, memory, STALL_SECONDS, store);
        serving = new Thread(connection, "serving");
        serving.setUncaughtExceptionHandler(handler);
        serving.start();
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
