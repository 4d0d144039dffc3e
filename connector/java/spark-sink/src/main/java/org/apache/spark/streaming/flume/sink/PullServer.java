package org.apache.spark.streaming.flume.sink;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.nio.NioEventLoopGroup;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/** Listens for consumers. One thread does all their I/O, and waits for nothing else. */
final class PullServer {
    private static final long STOP_SECONDS_MAX = 2;

    private final EventLoopGroup io;
    private final Channel listener;

    private PullServer(EventLoopGroup io, Channel listener) {
        this.io = io;
        this.listener = listener;
    }

    /** @throws IOException it cannot listen on this address */
    static PullServer start(String host, int port, Supplier<ChannelHandler> connections)
            throws IOException {
        EventLoopGroup io =
                new NioEventLoopGroup(1, new DefaultThreadFactory("spark-sink-io", true));
        ChannelFuture bound = new ServerBootstrap()
                .group(io)
                .channel(NioServerSocketChannel.class)
                .childOption(ChannelOption.TCP_NODELAY, true)
                .childOption(ChannelOption.SO_KEEPALIVE, true)
                .childHandler(new ChannelInitializer<Channel>() {
                    @Override
                    protected void initChannel(Channel connection) {
                        connection.pipeline().addLast(new CallDecoder(), connections.get());
                    }
                })
                .bind(new InetSocketAddress(host, port))
                .awaitUninterruptibly();
        PullServer server = new PullServer(io, bound.channel());
        if (!bound.isSuccess()) {
            server.stop();
            throw new IOException(bound.cause().toString(), bound.cause());
        }
        return server;
    }

    int port() {
        return ((InetSocketAddress) listener.localAddress()).getPort();
    }

    /** Accepts no more consumers; those that are connected stay. */
    void stopListening() {
        listener.close().awaitUninterruptibly();
    }

    /** Closes every connection, after the answers that were written. */
    void stop() {
        io.shutdownGracefully(0, STOP_SECONDS_MAX, TimeUnit.SECONDS).awaitUninterruptibly();
    }
}
