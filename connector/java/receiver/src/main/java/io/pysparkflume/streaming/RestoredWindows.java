package io.pysparkflume.streaming;

import java.lang.reflect.Field;
import org.apache.spark.streaming.api.java.JavaStreamingContext;
import org.apache.spark.streaming.dstream.DStream;
import scala.jdk.javaapi.CollectionConverters;

/**
 * Restores the inverse function of windows after a restart from a checkpoint.
 *
 * <p>Spark's Python window looks for its inverse function in a transient field, which is empty
 * after a restart. Each batch would then add up the whole window again, and a program with a window
 * of 300 s that slides by 1 s would fall behind for good.
 */
public final class RestoredWindows {
    private static final String WINDOW =
            "org.apache.spark.streaming.api.python.PythonReducedWindowedDStream";

    private RestoredWindows() {}

    /** Repairs every window of a context that is not started yet; intact ones stay unchanged. */
    public static void mend(JavaStreamingContext streaming) throws ReflectiveOperationException {
        for (DStream<?> output : streaming.ssc().graph().getOutputStreams()) {
            mend(output);
        }
    }

    private static void mend(DStream<?> stream) throws ReflectiveOperationException {
        if (stream.getClass().getName().equals(WINDOW)) {
            mendWindow(stream);
        }
        for (DStream<?> parent : CollectionConverters.asJava(stream.dependencies())) {
            mend(parent);
        }
    }

    private static void mendWindow(DStream<?> window) throws ReflectiveOperationException {
        Field transientInverse = accessible(window.getClass(), "pinvReduceFunc");
        Object inverse = accessible(window.getClass(), "invReduceFunc").get(window);
        if (transientInverse.get(window) == null && inverse != null) {
            Object function = accessible(inverse.getClass(), "pfunc").get(inverse);
            transientInverse.set(window, function);
        }
    }

    private static Field accessible(Class<?> type, String name) throws NoSuchFieldException {
        Field field = type.getDeclaredField(name);
        field.setAccessible(true);
        return field;
    }
}
