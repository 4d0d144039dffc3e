/**
 * What our jar adds to each Spark session: the tasks of {@code format("flume")}, whose plan is made
 * in Python, and a repair of Spark's own sources in Python.
 */
package io.pysparkflume.sql;
