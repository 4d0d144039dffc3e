package org.apache.spark.streaming.flume.sink;

import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.avro.Protocol;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.ipc.generic.GenericRequestor;
import org.apache.avro.ipc.netty.NettyTransceiver;

/** A consumer that uses Avro's own client, like Spark 2.4's. */
final class PollingClient implements AutoCloseable {
    private static final int CONNECT_MILLIS = 10_000;

    /** An event as it was received. */
    record Received(Map<String, String> headers, byte[] body) {
        String text() {
            return new String(body);
        }
    }

    record Batch(String errorMsg, String sequenceNumber, List<Received> events) {
        List<String> texts() {
            return events.stream().map(Received::text).toList();
        }
    }

    private final Protocol protocol;
    private final NettyTransceiver transceiver;
    private final GenericRequestor requestor;

    PollingClient(int port) throws Exception {
        this(port, SparkFlumeProtocol.PROTOCOL);
    }

    PollingClient(int port, Protocol protocol) throws Exception {
        this.protocol = protocol;
        transceiver =
                new NettyTransceiver(new InetSocketAddress("127.0.0.1", port), CONNECT_MILLIS);
        requestor = new GenericRequestor(protocol, transceiver);
    }

    /** Polls again as long as the answer is "no event": a batch may time out just after a poll did. */
    Batch pollUntilEvents(int eventsMax) throws Exception {
        while (true) {
            Batch batch = poll(eventsMax);
            if (!batch.events().isEmpty()) {
                return batch;
            }
        }
    }

    Batch poll(int eventsMax) throws Exception {
        GenericRecord batch = (GenericRecord) call("getEventBatch", "n", eventsMax);
        List<Received> events = new ArrayList<>();
        for (Object each : (List<?>) batch.get("events")) {
            GenericRecord event = (GenericRecord) each;
            Map<String, String> headers = new HashMap<>();
            ((Map<?, ?>) event.get("headers")).forEach(
                    (name, value) -> headers.put(name.toString(), value.toString()));
            ByteBuffer body = (ByteBuffer) event.get("body");
            byte[] bytes = new byte[body.remaining()];
            body.get(bytes);
            events.add(new Received(headers, bytes));
        }
        return new Batch(batch.get("errorMsg").toString(),
                batch.get("sequenceNumber").toString(), events);
    }

    void ack(Batch batch) throws Exception {
        call("ack", "sequenceNumber", batch.sequenceNumber());
    }

    void nack(Batch batch) throws Exception {
        call("nack", "sequenceNumber", batch.sequenceNumber());
    }

    private Object call(String message, String parameter, Object value) throws Exception {
        GenericRecord request =
                new GenericData.Record(protocol.getMessages().get(message).getRequest());
        request.put(parameter, value);
        return requestor.request(message, request);
    }

    /** Disconnects without notice, like a killed process. */
    @Override
    public void close() {
        transceiver.close();
    }
}
