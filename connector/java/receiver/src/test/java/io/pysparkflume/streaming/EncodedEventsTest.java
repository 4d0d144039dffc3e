package io.pysparkflume.streaming;

import static io.pysparkflume.streaming.Bytes.hex;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.pysparkflume.avro.AvroReader;
import java.util.List;
import org.junit.jupiter.api.Test;

class EncodedEventsTest {
    @Test
    void aBatchIsCutIntoChunksOfWholeEvents() throws Exception {
        byte[] event = Bytes.join(hex("00 808040"), new byte[512 * 1024]); // a body of 512 KiB
        byte[] small = hex("00 02 61");

        EncodedEvents events = EncodedEvents.readArray(new AvroReader(Bytes.join(
                hex("08"), small, event, small, small, hex("02"), small, hex("00"))));

        assertEquals(5, events.count());
        assertEquals(List.of(small.length + event.length, 2 * small.length, small.length),
                events.chunks().stream().map(chunk -> chunk.length).toList());
    }
}
