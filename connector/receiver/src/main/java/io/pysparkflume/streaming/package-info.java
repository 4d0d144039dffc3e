/**
 * Spark Streaming receivers for Apache Flume.
 *
 * <pre>
 * avro sink ──frames──▶ AvroConnection ──▶ AvroSource ──▶ FlumeReceiver.store ──▶ EventChunks ──▶ Python
 *                       FrameReader        (protocol,      (Spark's blocks)        (few tasks,
 *                       (limits)            no I/O)                                 large chunks)
 * </pre>
 */
package io.pysparkflume.streaming;
