package io.pysparkflume.sql;

import java.net.URL;
import org.apache.spark.SparkContext;
import org.apache.spark.sql.SparkSession;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import scala.jdk.javaapi.CollectionConverters;

/**
 * Gives the executors of a cluster the driver's copy of our jar, so that they need not have it:
 * Spark sends it to each executor before its first task.
 */
final class ExecutorJar {
    private static final Logger LOG = LoggerFactory.getLogger(ExecutorJar.class);

    private ExecutorJar() {}

    /** Adds the jar to the application, once. In one process with the driver there is no need. */
    static void add() {
        SparkContext spark = SparkSession.active().sparkContext();
        URL here = ExecutorJar.class.getProtectionDomain().getCodeSource().getLocation();
        String jar = here.getPath();
        String name = jar.substring(jar.lastIndexOf('/') + 1);
        boolean known =
                CollectionConverters.asJava(spark.listJars()).stream()
                        .anyMatch(each -> each.endsWith("/" + name));
        if (!spark.isLocal() && !known && name.endsWith(".jar")) {
            LOG.info("the executors get {}", jar);
            spark.addJar(here.toString());
        }
    }
}
