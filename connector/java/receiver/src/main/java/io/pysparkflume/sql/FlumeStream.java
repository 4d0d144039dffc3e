package io.pysparkflume.sql;

import org.apache.spark.sql.connector.read.InputPartition;
import org.apache.spark.sql.connector.read.PartitionReaderFactory;
import org.apache.spark.sql.connector.read.streaming.AcceptsLatestSeenOffset;
import org.apache.spark.sql.connector.read.streaming.MicroBatchStream;
import org.apache.spark.sql.connector.read.streaming.Offset;
import org.apache.spark.sql.connector.read.streaming.ReadLimit;
import org.apache.spark.sql.connector.read.streaming.SupportsTriggerAvailableNow;
import org.apache.spark.sql.types.StructType;

/** Spark's stream for the Python source; only the tasks are ours. */
class FlumeStream implements MicroBatchStream, AcceptsLatestSeenOffset {
    private final MicroBatchStream python;
    private final StructType columns;

    private FlumeStream(MicroBatchStream python, StructType columns) {
        this.python = python;
        this.columns = columns;
    }

    /** Returns a stream that can limit its micro-batches if Spark's can, as from Spark 4.2 on. */
    static FlumeStream of(MicroBatchStream python, StructType columns) {
        return python instanceof SupportsTriggerAvailableNow limited
                ? new Limited(python, limited, columns)
                : new FlumeStream(python, columns);
    }

    @Override
    public InputPartition[] planInputPartitions(Offset start, Offset end) {
        return EventRange.of(python.planInputPartitions(start, end));
    }

    @Override
    public PartitionReaderFactory createReaderFactory() {
        return new EventReaderFactory(columns);
    }

    @Override
    public Offset initialOffset() {
        return python.initialOffset();
    }

    @Override
    public Offset latestOffset() {
        return python.latestOffset();
    }

    @Override
    public void setLatestSeenOffset(Offset offset) {
        if (python instanceof AcceptsLatestSeenOffset accepting) {
            accepting.setLatestSeenOffset(offset);
        }
    }

    @Override
    public Offset deserializeOffset(String json) {
        return python.deserializeOffset(json);
    }

    @Override
    public void commit(Offset end) {
        python.commit(end);
    }

    @Override
    public void stop() {
        python.stop();
    }

    @Override
    public String toString() {
        return python.toString();
    }

    private static final class Limited extends FlumeStream implements SupportsTriggerAvailableNow {
        private final SupportsTriggerAvailableNow python;

        Limited(MicroBatchStream stream, SupportsTriggerAvailableNow python, StructType columns) {
            super(stream, columns);
            this.python = python;
        }

        @Override
        public Offset latestOffset(Offset start, ReadLimit limit) {
            return python.latestOffset(start, limit);
        }

        @Override
        public ReadLimit getDefaultReadLimit() {
            return python.getDefaultReadLimit();
        }

        @Override
        public Offset reportLatestOffset() {
            return python.reportLatestOffset();
        }

        @Override
        public void prepareForTriggerAvailableNow() {
            python.prepareForTriggerAvailableNow();
        }
    }
}
