package org.apache.spark.streaming.flume.sink;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufOutputStream;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.DecoderException;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.util.List;
import org.apache.flume.Event;
import org.apache.flume.instrumentation.SinkCounter;
import org.apache.spark.streaming.flume.sink.BatchTransaction.Consumer;
import org.apache.spark.streaming.flume.sink.BatchTransaction.Outcome;
import org.apache.spark.streaming.flume.sink.CallDecoder.Frame;
import org.apache.spark.streaming.flume.sink.SparkFlumeProtocol.Call;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One consumer's connection: reads its calls, and writes each answer as soon as it is ready.
 * Netty's thread never waits for an answer.
 */
final class ConsumerConnection extends SimpleChannelInboundHandler<Frame> {
    private static final Logger LOG = LoggerFactory.getLogger(ConsumerConnection.class);

    private static final int HEADER_BYTES = 12;
    private static final int ANSWER_BYTES = 256;

    private final String sink;
    private final BatchTransactions batches;
    private final SinkCounter counter;
    private final SparkFlumeProtocol protocol = new SparkFlumeProtocol();

    ConsumerConnection(String sink, BatchTransactions batches, SinkCounter counter) {
        this.sink = sink;
        this.batches = batches;
        this.counter = counter;
    }

    @Override
    public void channelActive(ChannelHandlerContext context) {
        counter.incrementConnectionCreatedCount();
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        counter.incrementConnectionClosedCount();
    }

    /** Reads no further calls while the consumer does not read its answers. */
    @Override
    public void channelWritabilityChanged(ChannelHandlerContext context) {
        context.channel().config().setAutoRead(context.channel().isWritable());
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable thrown) {
        Throwable reason = thrown instanceof DecoderException ? thrown.getCause() : thrown;
        LOG.warn("Sink {}: consumer {} disconnected: {}",
                sink, context.channel().remoteAddress(), reason.toString());
        context.close();
    }

    @Override
    protected void channelRead0(ChannelHandlerContext context, Frame frame) throws IOException {
        Call call = protocol.read(frame.payload());
        Answer answer = new Answer(context.channel(), frame.serial(), call);
        switch (call.message()) {
            case GREETING -> answer.write(out -> out.write(call.handshake()), ANSWER_BYTES);
            case GET_EVENT_BATCH -> begin(call.eventsMax(), answer, context.channel());
            case ACK -> end(call.sequenceNumber(), Outcome.ACKED, answer);
            case NACK -> end(call.sequenceNumber(), Outcome.NACKED, answer);
            default -> throw new IllegalStateException(call.message().name());
        }
    }

    /** Begins a batch; if its consumer disconnects, it is rolled back at once. */
    private void begin(int eventsMax, Answer answer, Channel connection) {
        BatchTransaction batch = batches.begin(eventsMax, answer);
        ChannelFutureListener disconnect = gone -> batch.end(Outcome.DISCONNECTED);
        connection.closeFuture().addListener(disconnect);
        batch.closed().whenComplete(
                (done, failure) -> connection.closeFuture().removeListener(disconnect));
    }

    /** Answers once the batch is closed, so its events are never sent again after the answer. */
    private void end(String sequenceNumber, Outcome outcome, Answer answer) {
        batches.end(sequenceNumber, outcome).whenComplete((done, failure) -> answer.write(
                failure == null
                        ? answer.call::answerNull
                        : out -> answer.call.answerFailure(out, failure.toString()),
                ANSWER_BYTES));
    }

    /** Writes the payload of an answer. */
    private interface Payload {
        void writeTo(OutputStream out) throws IOException;
    }

    /** Sends the answer to one call. */
    private record Answer(Channel connection, int serial, Call call) implements Consumer {
        @Override
        public void give(String sequenceNumber, List<Event> events) {
            int bytes = ANSWER_BYTES;
            for (Event event : events) {
                bytes += event.getBody() == null ? 1 : event.getBody().length + 5;
            }
            write(out -> call.answerEvents(out, sequenceNumber, events), bytes);
        }

        @Override
        public void refuse(String reason) {
            write(out -> call.answerErrorBatch(out, reason), ANSWER_BYTES);
        }

        /** Writes a frame with one buffer, from any thread. */
        void write(Payload payload, int bytesExpected) {
            ByteBuf frame = connection.alloc().buffer(HEADER_BYTES + bytesExpected);
            try (ByteBufOutputStream out = new ByteBufOutputStream(frame)) {
                out.writeInt(serial);
                out.writeInt(1);
                out.writeInt(0);
                payload.writeTo(out);
                frame.setInt(HEADER_BYTES - 4, frame.readableBytes() - HEADER_BYTES);
            } catch (IOException | RuntimeException e) {
                frame.release();
                connection.close();
                throw e instanceof RuntimeException unchecked
                        ? unchecked
                        : new UncheckedIOException((IOException) e);
            }
            connection.writeAndFlush(frame).addListener(ChannelFutureListener.CLOSE_ON_FAILURE);
        }
    }
}
