package io.pysparkflume.sql;

import io.pysparkflume.landing.Events;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.vectorized.ColumnVector;
import org.apache.spark.unsafe.types.UTF8String;

/**
 * The columns of {@code format("flume")}, as views of the events that were read last. A value is
 * made when the query asks for it, so a column that a query does not use costs nothing.
 */
final class EventColumns {
    private EventColumns() {}

    /** Returns a column; Python has checked that there is one of this name and type. */
    static ColumnVector of(StructField column, Events events) {
        return switch (column.name()) {
            case "body" -> new Bodies(column, events);
            case "headers" -> new HeaderColumn(column.dataType(), events);
            case "timestamp" -> new Timestamps(column, events);
            case "offset" -> new Offsets(column, events);
            case "arrival" -> new Arrivals(column, events);
            default -> throw new IllegalArgumentException("no column " + column.name());
        };
    }

    private abstract static class EventColumn extends ReadOnlyColumn {
        final Events events;

        EventColumn(StructField column, Events events) {
            super(column.dataType());
            this.events = events;
        }
    }

    private static final class Bodies extends EventColumn {
        Bodies(StructField column, Events events) {
            super(column, events);
        }

        @Override
        public byte[] getBinary(int row) {
            return Arrays.copyOfRange(events.data(), events.bodyStart(row), events.end(row));
        }

        @Override
        public UTF8String getUTF8String(int row) {
            return Text.of(events.data(), events.bodyStart(row), events.end(row));
        }
    }

    private static final class Offsets extends EventColumn {
        Offsets(StructField column, Events events) {
            super(column, events);
        }

        @Override
        public long getLong(int row) {
            return events.first() + row;
        }
    }

    private static class Arrivals extends EventColumn {
        Arrivals(StructField column, Events events) {
            super(column, events);
        }

        /** In µs since 1970. */
        @Override
        public long getLong(int row) {
            return 1000 * events.arrival(row);
        }
    }

    /** The header of that name, in ms since 1970; the arrival if it is missing or is no time. */
    private static final class Timestamps extends Arrivals {
        private static final byte[] KEY = "timestamp".getBytes(StandardCharsets.US_ASCII);
        private static final int DIGITS_MAX = 18;

        /** 9999-12-31T23:59:59.999Z, the last time that SQL and Python can express. */
        private static final long TIMESTAMP_MS_MAX = 253_402_300_799_999L;

        Timestamps(StructField column, Events events) {
            super(column, events);
        }

        @Override
        public long getLong(int row) {
            long sent = -1;
            byte[] data = events.data();
            Events.Headers headers = events.headers(row);
            while (headers.next()) {
                if (Arrays.equals(
                        data, headers.keyStart(), headers.keyEnd(), KEY, 0, KEY.length)) {
                    sent = decimal(data, headers.valueStart(), headers.valueEnd());
                }
            }
            return sent >= 0 && sent <= TIMESTAMP_MS_MAX ? 1000 * sent : super.getLong(row);
        }

        /** Returns a number of 1 to 18 decimal digits; -1 for any other text. */
        private static long decimal(byte[] data, int start, int end) {
            if (start == end || end - start > DIGITS_MAX) {
                return -1;
            }
            long number = 0;
            for (int i = start; i < end; i++) {
                int digit = data[i] - '0';
                if (digit < 0 || digit > 9) {
                    return -1;
                }
                number = 10 * number + digit;
            }
            return number;
        }
    }
}
