/** What our jar adds to each Spark session. The source {@code format("flume")} is in Python. */
package io.pysparkflume.sql;
