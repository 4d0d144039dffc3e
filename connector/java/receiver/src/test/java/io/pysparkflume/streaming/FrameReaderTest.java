package io.pysparkflume.streaming;

import static io.pysparkflume.streaming.Bytes.hex;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.pysparkflume.streaming.FrameReader.Frame;
import java.io.ByteArrayInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.PipedInputStream;
import java.io.PipedOutputStream;
import java.io.SequenceInputStream;
import java.net.SocketTimeoutException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(30)
class FrameReaderTest {
    private static final int LIMIT = 8;
    private static final int BYTES = 100;

    /** Serial 7, three buffers: ab, none, c. */
    private static final String ABC = "00000007 00000003  00000002 6162  00000000  00000001 63";

    private final FrameMemory memory = new FrameMemory(BYTES);

    @AfterEach
    void allMemoryIsGivenBack() {
        assertEquals(BYTES, memory.free());
    }

    @Test
    void aFramesBuffersAreJoined() throws Exception {
        Frame frame = readAndRelease(ABC);

        assertEquals(7, frame.serial());
        assertArrayEquals(hex("616263"), frame.payload());
    }

    @Test
    void aFrameOfNoBuffersIsEmpty() throws Exception {
        assertEquals(0, readAndRelease("00000001 00000000").payload().length);
    }

    @Test
    void aSerialIsAny32Bits() throws Exception {
        assertEquals(-2, readAndRelease("fffffffe 00000000").serial());
        assertEquals(0x80706050, readAndRelease("80706050 00000000").serial());
    }

    @Test
    void framesFollowEachOther() throws Exception {
        InputStream in = bytes(ABC + ABC);
        FrameReader frames = reader(in);

        for (int i = 0; i < 2; i++) {
            Frame frame = frames.read(in.read());
            assertArrayEquals(hex("616263"), frame.payload());
            frames.release(frame);
        }
        assertEquals(-1, in.read());
    }

    @Test
    void aFrameHoldsMemoryForItsBytesUntilItIsReleased() throws Exception {
        InputStream in = bytes(ABC);
        FrameReader frames = reader(in);

        Frame frame = frames.read(in.read());

        assertEquals(BYTES - 3, memory.free());
        frames.release(frame);
    }

    @Test
    void aFrameThatIsCutAnywhereIsEndOfFile() {
        byte[] whole = hex(ABC);
        for (int length = 1; length < whole.length; length++) {
            InputStream in = new ByteArrayInputStream(Arrays.copyOf(whole, length));
            assertThrows(EOFException.class, () -> readAndRelease(in), length + " bytes");
        }
    }

    @Test
    void aFrameAtTheLimitIsAccepted() throws Exception {
        assertEquals(LIMIT, readAndRelease(
                "00000001 00000002  00000004 61616161  00000004 61616161").payload().length);
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "00000001 00000001  00000009", // one buffer over the limit
        "00000001 00000002  00000008 6161616161616161  00000001", // two together over it
        "00000001 00000001  7fffffff",
        "00000001 00000001  ffffffff", // negative as an int
        "00000001 00000002  00000008 6161616161616161  fffffff8"}) // 0 as a sum of ints
    void aFrameOverTheLimitIsRefusedBeforeItsBytesArrive(String frame) {
        ProtocolException e =
                assertThrows(ProtocolException.class, () -> readAndRelease(frame));
        assertTrue(e.getMessage().endsWith("bytes, the limit is 8"), e.getMessage());
    }

    @ParameterizedTest
    @ValueSource(strings = {"00004001", "7fffffff", "80000000", "ffffffff"})
    void aFrameOfTooManyBuffersIsRefused(String buffers) {
        ProtocolException e = assertThrows(
                ProtocolException.class, () -> readAndRelease("00000001" + buffers));
        assertTrue(e.getMessage().endsWith("buffers, the limit is 16,384"), e.getMessage());
    }

    @Test
    void memoryIsTakenForBytesThatHaveArrivedAndNotForAClaimedLength() {
        InputStream in = bytes("00000001 00000001  04000000  6161");
        FrameReader frames =
                new FrameReader(in, FrameReader.FRAME_BYTES_MAX, memory, 0);

        // It fails only at the end of the bytes, although there is no memory for 64 MiB.
        assertThrows(EOFException.class, () -> frames.read(in.read()));
    }

    @Test
    void aFrameThatGetsNoMemoryInTimeIsRefused() throws Exception {
        FrameReader other = new FrameReader(bytes(""), LIMIT, memory, 0);
        FrameReader favoured = new FrameReader(bytes(""), LIMIT, memory, 0);
        memory.take(other, BYTES - 2, 0);
        memory.take(favoured, 3, 0);

        ProtocolException e = assertThrows(ProtocolException.class, () -> readAndRelease(ABC));

        assertTrue(e.getMessage().contains("no memory"), e.getMessage());
        assertEquals(-1, memory.free());
        memory.give(favoured, 3);
        readAndRelease(ABC);
        memory.give(other, BYTES - 2);
    }

    @Test
    void framesThatHoldTheMemoryTheOthersNeedAreAllRead() throws Exception {
        FrameMemory small = new FrameMemory(10);
        ExecutorService threads = Executors.newCachedThreadPool();
        List<PipedOutputStream> sinks = new ArrayList<>();
        List<Future<byte[]>> payloads = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            PipedOutputStream sink = new PipedOutputStream();
            InputStream in = new PipedInputStream(sink);
            sink.write(hex("00000001 00000002  00000003 616263"));
            sinks.add(sink);
            payloads.add(threads.submit(() -> {
                FrameReader frames = new FrameReader(in, LIMIT, small, 10);
                Frame frame = frames.read(in.read());
                frames.release(frame);
                return frame.payload();
            }));
        }
        while (small.free() > 1) {
            Thread.onSpinWait();
        }

        for (PipedOutputStream sink : sinks) {
            sink.write(hex("00000004 64656667"));
        }

        for (Future<byte[]> payload : payloads) {
            assertArrayEquals(hex("61626364656667"), payload.get());
        }
        assertEquals(10, small.free());
        threads.shutdown();
    }

    @Test
    void anInterruptedFrameHoldsNoMemory() {
        Thread.currentThread().interrupt();

        assertThrows(InterruptedException.class, () -> readAndRelease(ABC));
    }

    @Test
    void aFrameThatStallsHoldsNoMemory() {
        SocketTimeoutException stall = new SocketTimeoutException("Read timed out");

        assertThrows(SocketTimeoutException.class,
                () -> readAndRelease(endsWith(bytes("00000001 00000001 00000004 6161"), stall)));
    }

    @Test
    void aFrameThatFillsTheHeapHoldsNoMemory() {
        OutOfMemoryError full = new OutOfMemoryError("Java heap space");

        assertThrows(OutOfMemoryError.class,
                () -> readAndRelease(endsWith(bytes("00000001 00000001 00000004 6161"), full)));
    }

    @Test
    void aFrameWhoseBytesCannotBeKeptHoldsNoMemory() {
        // Bytes that do not fit into the reader's buffer stand for bytes that do not fit into the
        // heap: they are taken from the memory, and then cannot be copied.
        InputStream oversized = new SequenceInputStream(
                bytes("00000001 00000001 00000004"), new InputStream() {
                    @Override
                    public int read(byte[] buffer, int start, int length) {
                        return length + 1;
                    }

                    @Override
                    public int read() {
                        return 0;
                    }
                });

        assertThrows(IndexOutOfBoundsException.class, () -> readAndRelease(oversized));
    }

    private FrameReader reader(InputStream in) {
        return new FrameReader(in, LIMIT, memory, 0);
    }

    private Frame readAndRelease(String bytes) throws Exception {
        return readAndRelease(bytes(bytes));
    }

    private Frame readAndRelease(InputStream in) throws Exception {
        FrameReader frames = reader(in);
        Frame frame = frames.read(in.read());
        frames.release(frame);
        return frame;
    }

    private static InputStream bytes(String hex) {
        return new ByteArrayInputStream(hex(hex));
    }

    private static InputStream endsWith(InputStream bytes, Throwable failure) {
        return new SequenceInputStream(bytes, new InputStream() {
            @Override
            public int read() throws IOException {
                if (failure instanceof Error error) {
                    throw error;
                }
                throw (IOException) failure;
            }
        });
    }
}
