package io.pysparkflume.sql;

import io.pysparkflume.landing.RangeReader;
import java.io.IOException;
import org.apache.spark.sql.connector.read.PartitionReader;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.sql.vectorized.ColumnVector;
import org.apache.spark.sql.vectorized.ColumnarBatch;

/** Reads a task's events. Each batch has the same columns, which look at the latest events. */
final class EventReader implements PartitionReader<ColumnarBatch> {
    private final RangeReader log;
    private final ColumnarBatch batch;

    EventReader(EventRange range, StructType columns) throws IOException {
        log = new RangeReader(range.landing(), range.start(), range.end());
        ColumnVector[] vectors = new ColumnVector[columns.size()];
        for (int i = 0; i < vectors.length; i++) {
            vectors[i] = EventColumns.of(columns.apply(i), log.events());
        }
        batch = new ColumnarBatch(vectors);
    }

    @Override
    public boolean next() throws IOException {
        if (!log.read()) {
            return false;
        }
        batch.setNumRows(log.events().count());
        return true;
    }

    @Override
    public ColumnarBatch get() {
        return batch;
    }

    @Override
    public void close() throws IOException {
        log.close();
        batch.close();
    }
}
