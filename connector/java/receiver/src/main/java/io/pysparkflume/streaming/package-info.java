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
 *
 * <p>On the driver, FlumeInputDStream keeps Spark's blocks until their batch is done. ProgramCheck
 * knows which batches are not done, and warns if there are no cores for them.
 */
package io.pysparkflume.streaming;
