package io.pysparkflume.streaming;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.pysparkflume.streaming.EventChunks.Chunks;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Random;
import org.junit.jupiter.api.Test;

class EventChunksTest {
    private static final int KIB = 1024;

    @Test
    void chunksAreTheEventsJoinedInOrder() {
        Random random = new Random(1);
        List<byte[]> events = new ArrayList<>();
        for (int i = 0; i < 1000; i++) {
            byte[] event = new byte[1 + random.nextInt(2 * KIB)];
            random.nextBytes(event);
            events.add(event);
        }

        List<byte[]> chunks = chunks(events);

        assertArrayEquals(joined(events), joined(chunks));
        for (byte[] chunk : chunks.subList(0, chunks.size() - 1)) {
            assertTrue(chunk.length >= 256 * KIB, chunk.length + " bytes");
            assertTrue(chunk.length < 258 * KIB, chunk.length + " bytes");
        }
    }

    @Test
    void anEventIsNeverCut() {
        byte[] large = new byte[1024 * KIB];

        assertEquals(List.of(large.length, 1 + large.length, 2),
                chunks(List.of(large, new byte[1], large, new byte[2])).stream()
                        .map(chunk -> chunk.length).toList());
    }

    @Test
    void chunksOfSmallBatchesAreJoinedAndALargeOneIsNotCopied() {
        byte[] batch = new byte[200 * KIB];
        byte[] large = new byte[300 * KIB];

        List<byte[]> chunks = chunks(List.of(batch, batch, large, batch));

        assertEquals(List.of(400 * KIB, 300 * KIB, 200 * KIB),
                chunks.stream().map(chunk -> chunk.length).toList());
        assertSame(large, chunks.get(1));
    }

    @Test
    void noEventsAreNoChunks() {
        Chunks none = new Chunks(Collections.emptyIterator());

        assertFalse(none.hasNext());
        assertThrows(NoSuchElementException.class, none::next);
    }

    private static List<byte[]> chunks(List<byte[]> events) {
        List<byte[]> chunks = new ArrayList<>();
        for (Iterator<byte[]> i = new Chunks(events.iterator()); i.hasNext(); ) {
            chunks.add(i.next());
        }
        return chunks;
    }

    private static byte[] joined(List<byte[]> parts) {
        return Bytes.join(parts.toArray(byte[][]::new));
    }
}
