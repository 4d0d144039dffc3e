package io.pysparkflume.landing;

import io.pysparkflume.avro.AvroReader;
import io.pysparkflume.avro.CorruptException;
import java.util.Arrays;

/**
 * Neighbouring events of a log, in columns: their bytes, and the places of each event in them.
 *
 * <p>An event is Avro's record {@code headers map<string>, body bytes}. Reading the next events
 * overwrites these.
 */
public final class Events {
    private byte[] data = new byte[0];
    private long first;
    private int count;
    private int[] starts = new int[0];
    private int[] bodyStarts = new int[0];
    private int[] ends = new int[0];
    private long[] arrivals = new long[0];

    /** The bytes that all places are in. */
    public byte[] data() {
        return data;
    }

    /** The number of event 0 in the log. */
    public long first() {
        return first;
    }

    public int count() {
        return count;
    }

    /** Where the body of event {@code i} begins. */
    public int bodyStart(int i) {
        return bodyStarts[i];
    }

    /** Where event {@code i} and its body end. */
    public int end(int i) {
        return ends[i];
    }

    /** When event {@code i} arrived, in ms since 1970. */
    public long arrival(int i) {
        return arrivals[i];
    }

    /** Returns the headers of event {@code i}, in the order in which they were sent. */
    public Headers headers(int i) {
        return new Headers(data, starts[i], bodyStarts[i]);
    }

    /** Forgets all events; returns room for the bytes of the next ones. */
    byte[] clear(long nextFirst, int bytes) {
        first = nextFirst;
        count = 0;
        if (data.length < bytes) {
            data = new byte[bytes];
        }
        return data;
    }

    /**
     * Finds the {@code rows} events of a block, which fill the bytes {@code start} to {@code end} -
     * 1, and adds the events {@code from} to {@code to} - 1 of them.
     */
    void add(int start, int end, int rows, int from, int to, long arrival)
            throws CorruptException {
        reserve(count + to - from);
        AvroReader in = new AvroReader(data, start, end);
        for (int row = 0; row < rows; row++) {
            int begin = in.position();
            in.skipMap();
            int length = in.skipBytes();
            if (row >= from && row < to) {
                starts[count] = begin;
                bodyStarts[count] = in.position() - length;
                ends[count] = in.position();
                arrivals[count] = arrival;
                count++;
            }
        }
        if (in.remaining() > 0) {
            throw new CorruptException(
                    in.remaining() + " bytes too many after " + rows + " events");
        }
    }

    private void reserve(int rows) {
        if (rows > starts.length) {
            int size = Math.max(rows, 2 * starts.length);
            starts = Arrays.copyOf(starts, size);
            bodyStarts = Arrays.copyOf(bodyStarts, size);
            ends = Arrays.copyOf(ends, size);
            arrivals = Arrays.copyOf(arrivals, size);
        }
    }

    /** Steps through an event's headers. A key may come twice. */
    public static final class Headers {
        private final AvroReader in;
        private long left;
        private int keyStart;
        private int keyEnd;
        private int valueStart;

        private Headers(byte[] data, int start, int end) {
            in = new AvroReader(data, start, end);
        }

        /** Goes to the next header; returns whether there is one. */
        public boolean next() {
            try {
                if (left == 0) {
                    left = in.readBlockCount();
                    if (left == 0) {
                        return false;
                    }
                }
                left--;
                int keyLength = in.skipBytes();
                keyEnd = in.position();
                keyStart = keyEnd - keyLength;
                int valueLength = in.skipBytes();
                valueStart = in.position() - valueLength;
                return true;
            } catch (CorruptException error) {
                throw new IllegalStateException(error); // Events has read them before
            }
        }

        public int keyStart() {
            return keyStart;
        }

        public int keyEnd() {
            return keyEnd;
        }

        public int valueStart() {
            return valueStart;
        }

        public int valueEnd() {
            return in.position();
        }
    }
}
