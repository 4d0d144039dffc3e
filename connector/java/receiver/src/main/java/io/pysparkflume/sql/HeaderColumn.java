package io.pysparkflume.sql;

import io.pysparkflume.landing.Events;
import java.util.LinkedHashMap;
import java.util.Map;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.vectorized.ColumnarMap;
import org.apache.spark.unsafe.types.UTF8String;

/** Each event's headers as a map. If an event has a key twice, the last one counts. */
final class HeaderColumn extends ReadOnlyColumn {
    private final Events events;

    HeaderColumn(DataType type, Events events) {
        super(type);
        this.events = events;
    }

    @Override
    public ColumnarMap getMap(int row) {
        byte[] data = events.data();
        Map<UTF8String, UTF8String> map = new LinkedHashMap<>();
        Events.Headers headers = events.headers(row);
        while (headers.next()) {
            UTF8String key = Text.of(data, headers.keyStart(), headers.keyEnd());
            map.remove(key); // the last one also gives the place
            map.put(key, Text.of(data, headers.valueStart(), headers.valueEnd()));
        }
        return new ColumnarMap(
                new Texts(map.keySet().toArray(new UTF8String[0])),
                new Texts(map.values().toArray(new UTF8String[0])),
                0,
                map.size());
    }

    private static final class Texts extends ReadOnlyColumn {
        private final UTF8String[] texts;

        Texts(UTF8String[] texts) {
            super(DataTypes.StringType);
            this.texts = texts;
        }

        @Override
        public UTF8String getUTF8String(int row) {
            return texts[row];
        }
    }
}
