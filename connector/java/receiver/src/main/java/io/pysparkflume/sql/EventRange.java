package io.pysparkflume.sql;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.Map;
import net.razorvine.pickle.Unpickler;
import org.apache.spark.sql.connector.read.InputPartition;
import org.apache.spark.sql.execution.datasources.v2.python.PythonInputPartition;
import org.apache.spark.sql.execution.datasources.v2.python.PythonStreamingInputPartition;

/**
 * A task's part: the events {@code start} to {@code end} - 1 of the log in a folder. Python's plan
 * has it as a pickled {@code EventRange} of {@code pyspark_flume.datasource_readers}.
 */
record EventRange(String landing, long start, long end) implements InputPartition {
    /** Returns the parts of a plan that Python has made. */
    static InputPartition[] of(InputPartition[] plan) {
        return Arrays.stream(plan).map(EventRange::of).toArray(InputPartition[]::new);
    }

    private static EventRange of(InputPartition part) {
        byte[] pickled =
                part instanceof PythonStreamingInputPartition streaming
                        ? streaming.pickedPartition()
                        : ((PythonInputPartition) part).pickedPartition();
        try {
            if (new Unpickler().loads(pickled) instanceof Map<?, ?> fields
                    && fields.get("landing") instanceof String landing
                    && fields.get("start") instanceof Number start
                    && fields.get("end") instanceof Number end) {
                return new EventRange(landing, start.longValue(), end.longValue());
            }
        } catch (IOException error) {
            throw new UncheckedIOException(error);
        }
        throw new IllegalStateException(
                "the source flume in Python is not the one of this jar; install the pyspark-flume"
                        + " of the jar's version, and give a source of your own another name");
    }
}
