package io.pysparkflume.avro;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class AvroReaderTest {
    @ParameterizedTest
    @CsvSource({
        "00, 0",
        "01, -1",
        "02, 1",
        "7f, -64",
        "8001, 64",
        "feffffff0f, 2147483647",
        "feffffffffffffffff01, 9223372036854775807",
        "ffffffffffffffffff01, -9223372036854775808"})
    void aNumberIsAZigZagVarint(String bytes, long expected) throws Exception {
        AvroReader in = new AvroReader(hex(bytes));

        assertEquals(expected, in.readLong());
        assertEquals(0, in.remaining());
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "80", "ffffffffffffffffff"})
    void aNumberThatTheMessageCutsOffIsRefused(String bytes) {
        AvroReader in = new AvroReader(hex(bytes));

        CorruptException e = assertThrows(CorruptException.class, in::readLong);
        assertTrue(e.getMessage().contains("a number without an end"), e.getMessage());
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "82808080808080808002", // 2^64 + 2, which is 2 in 64 bits
        "ffffffffffffffffff7f", // 70 bits
        "ffffffffffffffffffff01"}) // 11 bytes
    void aNumberOfMoreThan64BitsIsRefused(String bytes) {
        AvroReader in = new AvroReader(hex(bytes));

        CorruptException e = assertThrows(CorruptException.class, in::readLong);
        assertTrue(e.getMessage().contains("number of more than 64 bits"), e.getMessage());
    }

    @Test
    void aStringIsItsLengthInBytesAndUtf8() throws Exception {
        AvroReader in = new AvroReader(hex("06 e282ac  00  02 61"));

        assertEquals("€", in.readString());
        assertEquals("", in.readString());
        assertEquals("a", in.readString());
        assertEquals(0, in.remaining());
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "08 e282ac", // 4 bytes claimed, 3 present
        "01 e282ac", // -1 byte
        "8080808010 e282ac", // 2^31 bytes: negative as an int
        "8080808020 e282ac", // 2^32 bytes: 0 as an int
        "feffffffffffffffff01 e282ac", // 2^63 - 1 bytes
        "ffffffffffffffffff01 e282ac"}) // -2^63 bytes
    void aFalseLengthIsRefused(String bytes) {
        assertThrows(CorruptException.class, () -> new AvroReader(hex(bytes)).readString());
        assertThrows(CorruptException.class, () -> new AvroReader(hex(bytes)).skipBytes());
    }

    @Test
    void aFixedValueIsAsManyBytesAsAskedFor() throws Exception {
        AvroReader in = new AvroReader(hex("010203"));

        assertArrayEquals(hex("0102"), in.readFixed(2));
        assertThrows(CorruptException.class, () -> in.readFixed(2));
    }

    @Test
    void aNegativeBlockCountIsFollowedByTheBlocksSizeInBytes() throws Exception {
        AvroReader in = new AvroReader(hex("03 08 02610262"));

        assertEquals(2, in.readBlockCount());
        assertEquals("a", in.readString());
        assertEquals("b", in.readString());
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "08 020202", // 4 items in 3 bytes
        "feffffffffffffffff01 00", // 2^63 - 1 items
        "ffffffffffffffffff01 00 00"}) // -2^63 items: a long cannot hold 2^63
    void aBlockOfMoreItemsThanBytesIsRefused(String bytes) {
        AvroReader in = new AvroReader(hex(bytes));

        CorruptException e = assertThrows(CorruptException.class, in::readBlockCount);
        assertTrue(e.getMessage().startsWith("block of "), e.getMessage());
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "00", // empty
        "02 0261 0262 00", // a: b
        "04 0261 0262 0263 00 00", // a: b, c: ""
        "02 0261 0262 02 0263 0264 00", // in two blocks
        "01 08 0261 0262 02 0263 0264 00"}) // the first one sized
    void aMapIsSkippedWhole(String map) throws Exception {
        AvroReader in = new AvroReader(hex(map + "7f"));

        in.skipMap();

        assertEquals(1, in.remaining());
        assertArrayEquals(hex(map), in.copySince(0));
    }

    @Test
    void aMapThatIsCutAnywhereIsRefused() {
        byte[] map = hex("01 08 0261 0262 02 0263 0264 00");

        for (int length = 0; length < map.length; length++) {
            AvroReader in = new AvroReader(Arrays.copyOf(map, length));
            assertThrows(CorruptException.class, in::skipMap, length + " bytes");
        }
    }

    @Test
    void onlyAPartOfTheArrayIsRead() throws Exception {
        byte[] bytes = hex("ff 0261 00 04 61");
        AvroReader in = new AvroReader(bytes, 1, 5);

        assertEquals("a", in.readString());
        assertEquals(3, in.position());
        assertArrayEquals(hex("0261"), in.copySince(1));
        in.skipMap();
        assertEquals(1, in.remaining());
        // The array has the byte that this length claims, but it is another one's.
        CorruptException e = assertThrows(CorruptException.class, in::skipBytes);
        assertEquals("length of 2 bytes with 0 left", e.getMessage());
        assertThrows(CorruptException.class, in::readLong);
        assertThrows(CorruptException.class, in::skipMap);
    }

    private static byte[] hex(String digits) {
        return HexFormat.of().parseHex(digits.replace(" ", ""));
    }
}
