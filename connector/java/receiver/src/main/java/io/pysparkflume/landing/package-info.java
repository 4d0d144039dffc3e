/**
 * Reads a landing log, which {@code pyspark_flume.landing} writes and describes. It knows nothing
 * of Spark.
 */
package io.pysparkflume.landing;
