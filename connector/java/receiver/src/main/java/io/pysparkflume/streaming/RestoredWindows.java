package io.pysparkflume.streaming;

import java.lang.reflect.Field;
import org.apache.spark.streaming.api.java.JavaStreamingContext;
import org.apache.spark.streaming.dstream.DStream;
import scala.jdk.javaapi.CollectionConverters;

/**
 * Gives windows their inverse function back after a restart from a checkpoint.
 *
 * <p>Spark's Python window asks a transient field whether it has an inverse function. The field is
 * empty after a restart, so each batch would add up the whole window anew, and a program with a
 * window of 300 s by 1 s would fall behind for good.
 */
public final class RestoredWindows {
    private static final String WINDOW =
            "org.apache.spark.streaming.api.python.PythonReducedWindowedDStream";

    private RestoredWindows() {}

    /** Mends every window of a context that is not started yet; what is whole stays as it is. */
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
        Field asked = accessible(window.getClass(), "pinvReduceFunc");
        Object kept = accessible(window.getClass(), "invReduceFunc").get(window);
        if (asked.get(window) == null && kept != null) {
            Object function = accessible(kept.getClass(), "pfunc").get(kept);
            asked.set(window, function);
        }
    }

    private static Field accessible(Class<?> type, String name) throws NoSuchFieldException {
        Field field = type.getDeclaredField(name);
        field.setAccessible(true);
        return field;
    }
}
