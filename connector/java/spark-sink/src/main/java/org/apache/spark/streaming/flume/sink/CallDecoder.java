package org.apache.spark.streaming.flume.sink;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.ByteToMessageDecoder;
import java.net.ProtocolException;
import java.util.List;

/**
 * Splits a consumer's bytes into calls, using Avro's framing for Netty: {@code serial:int32,
 * buffers:int32}, then for each buffer {@code length:int32} and its bytes.
 *
 * <p>Avro's own decoder has no limit; here a false length allocates nothing.
 */
final class CallDecoder extends ByteToMessageDecoder {
    /** A call has about 30 bytes; the first one also carries the client's protocol, 3 KiB. */
    static final int CALL_BYTES_MAX = 64 * 1024;

    /** Avro begins a new buffer every 8 KiB, and at each part of a call. */
    private static final int BUFFERS_MAX = 16;

    private static final int HEADER_BYTES = 8;
    private static final int LENGTH_BYTES = 4;

    /** A call's bytes, with its buffers joined. The answer repeats the serial. */
    record Frame(int serial, byte[] payload) {}

    @Override
    protected void decode(ChannelHandlerContext context, ByteBuf in, List<Object> out)
            throws ProtocolException {
        int start = in.readerIndex();
        if (in.readableBytes() < HEADER_BYTES) {
            return;
        }
        int serial = in.getInt(start);
        int buffers = in.getInt(start + 4);
        if (buffers < 1 || buffers > BUFFERS_MAX) {
            throw new ProtocolException(String.format(
                    "a call of %,d buffers, expected 1 to %d; only Spark's polling stream may"
                            + " connect here", buffers, BUFFERS_MAX));
        }
        int end = start + HEADER_BYTES;
        int payloadBytes = 0;
        for (int buffer = 0; buffer < buffers; buffer++) {
            if (in.writerIndex() - end < LENGTH_BYTES) {
                return;
            }
            int length = in.getInt(end);
            if (length < 0 || length > CALL_BYTES_MAX - payloadBytes) {
                throw new ProtocolException(String.format(
                        "a call with a buffer of %,d bytes, the limit of a call is %,d",
                        length, CALL_BYTES_MAX));
            }
            payloadBytes += length;
            end += LENGTH_BYTES + length;
        }
        if (in.writerIndex() < end) {
            return;
        }
        byte[] payload = new byte[payloadBytes];
        in.skipBytes(HEADER_BYTES);
        for (int filled = 0; in.readerIndex() < end;) {
            int length = in.readInt();
            in.readBytes(payload, filled, length);
            filled += length;
        }
        out.add(new Frame(serial, payload));
    }
}
