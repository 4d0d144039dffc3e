package io.pysparkflume.sql;

import java.util.Set;
import org.apache.spark.sql.connector.catalog.SupportsRead;
import org.apache.spark.sql.connector.catalog.SupportsWrite;
import org.apache.spark.sql.connector.catalog.TableCapability;
import org.apache.spark.sql.connector.read.Batch;
import org.apache.spark.sql.connector.read.InputPartition;
import org.apache.spark.sql.connector.read.PartitionReaderFactory;
import org.apache.spark.sql.connector.read.Scan;
import org.apache.spark.sql.connector.read.ScanBuilder;
import org.apache.spark.sql.connector.read.SupportsPushDownRequiredColumns;
import org.apache.spark.sql.connector.read.streaming.MicroBatchStream;
import org.apache.spark.sql.connector.write.LogicalWriteInfo;
import org.apache.spark.sql.connector.write.WriteBuilder;
import org.apache.spark.sql.execution.datasources.v2.python.PythonTable;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.sql.util.CaseInsensitiveStringMap;

/** Spark's table for the Python source, whose tasks are replaced by ours. */
record FlumeTable(PythonTable python, StructType schema) implements SupportsRead, SupportsWrite {
    @Override
    public String name() {
        return python.name();
    }

    @Override
    public Set<TableCapability> capabilities() {
        return python.capabilities();
    }

    @Override
    public ScanBuilder newScanBuilder(CaseInsensitiveStringMap options) {
        return new Builder(python.newScanBuilder(options), schema);
    }

    /** Python says that the source cannot be written. */
    @Override
    public WriteBuilder newWriteBuilder(LogicalWriteInfo info) {
        return python.newWriteBuilder(info);
    }

    private static final class Builder implements SupportsPushDownRequiredColumns {
        private final ScanBuilder python;
        private StructType columns;

        Builder(ScanBuilder python, StructType columns) {
            this.python = python;
            this.columns = columns;
        }

        @Override
        public void pruneColumns(StructType required) {
            columns = required;
        }

        @Override
        public Scan build() {
            return new FlumeScan(python.build(), columns);
        }
    }

    private record FlumeScan(Scan python, StructType readSchema) implements Scan {
        @Override
        public String description() {
            return python.description();
        }

        @Override
        public Batch toBatch() {
            return new FlumeBatch(python.toBatch(), readSchema);
        }

        @Override
        public MicroBatchStream toMicroBatchStream(String checkpoint) {
            return FlumeStream.of(python.toMicroBatchStream(checkpoint), readSchema);
        }

        @Override
        public ColumnarSupportMode columnarSupportMode() {
            return ColumnarSupportMode.SUPPORTED;
        }
    }

    private record FlumeBatch(Batch python, StructType columns) implements Batch {
        @Override
        public InputPartition[] planInputPartitions() {
            return EventRange.of(python.planInputPartitions());
        }

        @Override
        public PartitionReaderFactory createReaderFactory() {
            return new EventReaderFactory(columns);
        }
    }
}
