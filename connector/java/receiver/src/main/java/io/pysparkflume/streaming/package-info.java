/**
 * Spark Streaming receivers for Apache Flume.
 *
 * <pre>
 * push                                                 FlumeReceiver
 * avro sink ──frames──▶ AvroConnection ──▶ AvroSource ────┐
 *                       FrameReader        (protocol,     │  RateLimit     Spark's blocks
 *                       (limits)            no I/O)       ├──▶ store ──▶ EventChunks ──▶ Python
 *                                                         │               (few tasks,
 * SparkSink ◀──calls─── SinkConnection ──▶ SinkProtocol ──┘                large chunks)
 * pull                  SinkPoller          FlumePollingReceiver
 * </pre>
 */
package io.pysparkflume.streaming;
