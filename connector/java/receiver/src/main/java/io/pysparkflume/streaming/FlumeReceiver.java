package io.pysparkflume.streaming;

import java.io.IOException;
import java.net.BindException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.spark.SparkConf;
import org.apache.spark.SparkEnv;
import org.apache.spark.storage.StorageLevel;
import org.apache.spark.streaming.receiver.Receiver;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Listens like a Flume Avro source. An element is the bytes of one {@code AvroFlumeEvent}.
 *
 * <p>A client's batch becomes one block, and is answered OK once Spark has stored that block
 * (including its replica and the write-ahead log, if they are on). If Spark limits the receiver's
 * rate, a batch waits. If the wait would be too long, it is answered FAILED, and Flume keeps it.
 *
 * <p>The Spark setting {@code spark.flume.stallTimeout} (30s) is how long a client may stall within
 * a call. Between calls it may be silent for ever.
 */
public final class FlumeReceiver extends Receiver<byte[]> {
    private static final long serialVersionUID = 1L;
    private static final Logger LOG = LoggerFactory.getLogger(FlumeReceiver.class);

    /** Each connection has a thread; a Flume sink has one connection. */
    static final int CONNECTIONS_MAX = 1024;

    private static final int RESTART_DELAY_MS = 2000;
    private static final int MOVE_DELAY_MS = 250;

    private final String host;
    private final int port;
    private final boolean compressed;
    private final String worker;

    private transient volatile ServerSocket server;
    private transient Set<AvroConnection> clients;
    private transient int stallSecondsMax;
    private transient RateLimit rate;

    /**
     * @param host name or address to listen on
     * @param worker host name of the worker to run on, as Spark knows it; null for any. Spark
     *     compares names: if no worker has this name, only one of several receivers starts.
     */
    public FlumeReceiver(String host, int port, StorageLevel storageLevel, boolean compressed,
            String worker) {
        super(storageLevel);
        this.host = host;
        this.port = port;
        this.compressed = compressed;
        this.worker = worker;
    }

    @Override
    public scala.Option<String> preferredLocation() {
        return scala.Option.apply(worker);
    }

    @Override
    public void onStart() {
        clients = ConcurrentHashMap.newKeySet();
        SparkConf conf = SparkEnv.get().conf();
        stallSecondsMax = FlumeStreams.stallSecondsMax(conf);
        rate = RateLimit.of(conf, () -> supervisor().getCurrentRateLimit());
        try {
            server = bind();
        } catch (IOException e) {
            giveUp(e);
            return;
        }
        LOG.info("Flume receiver listens on {}:{}", host, port);
        ServerSocket listening = server;
        FrameMemory memory = FrameMemory.ofHeap();
        daemon("flume-receiver-" + port, () -> accept(listening, memory)).start();
    }

    @Override
    public void onStop() {
        if (server != null) {
            rate.stop();
            closeQuietly(server);
            clients.forEach(AvroConnection::close);
        }
    }

    private ServerSocket bind() throws IOException {
        InetSocketAddress address = new InetSocketAddress(host, port);
        if (address.isUnresolved()) {
            throw new BindException("unknown host");
        }
        ServerSocket socket = new ServerSocket();
        try {
            socket.setReuseAddress(true);
            socket.bind(address, CONNECTIONS_MAX);
        } catch (IOException e) {
            closeQuietly(socket);
            throw e;
        }
        return socket;
    }

    /**
     * Stops the receiver after a delay. Spark starts it again, perhaps on another executor; the
     * delay keeps that from being a tight loop.
     *
     * <p>Spark does not always use the preferred host: it may choose any idle executor. So a
     * receiver that is on the wrong host stops almost at once, to be moved.
     */
    private void giveUp(IOException cause) {
        String fact = strip(cause.getMessage());
        if (fact.equals("Cannot assign requested address")) {
            String message = String.format("Flume receiver cannot listen on %s:%d: the address is"
                    + " another host's; Spark tries the next executor, and keeps trying if no"
                    + " worker has that host name (or pass 0.0.0.0)", host, port);
            LOG.info(message);
            stopAfter(MOVE_DELAY_MS, message);
            return;
        }
        String remedy = fact.equals("Address already in use")
                ? "another program listens there: end it or choose another port"
                : "pass the host name of the worker that runs the receiver,"
                        + " or 0.0.0.0 for any of its addresses";
        String message = String.format(
                "Flume receiver cannot listen on %s:%d: %s; %s", host, port, fact, remedy);
        LOG.error(message);
        stopAfter(RESTART_DELAY_MS, message);
    }

    private void stopAfter(int millis, String message) {
        daemon("flume-receiver-retry", () -> {
            try {
                Thread.sleep(millis); // Spark starts it again at once, see giveUp
            } catch (InterruptedException e) {
                return;
            }
            stop(message);
        }).start();
    }

    /** Removes the name of the system call that the JDK appends. */
    private static String strip(String message) {
        return message.replaceAll(" \\(.*\\)$", "");
    }

    private void accept(ServerSocket listening, FrameMemory memory) {
        while (!isStopped() && !listening.isClosed()) {
            try {
                serve(listening.accept(), memory);
            } catch (IOException e) {
                if (!listening.isClosed()) {
                    restart("Flume receiver on " + host + ":" + port + " cannot accept: "
                            + e.getMessage());
                    return;
                }
            }
        }
    }

    private void serve(Socket socket, FrameMemory memory) {
        AvroConnection client = new AvroConnection(
                socket, compressed, memory, stallSecondsMax, this::keep);
        if (clients.size() >= CONNECTIONS_MAX) {
            client.refuse(CONNECTIONS_MAX + " connections are open, the limit");
            client.close();
            return;
        }
        clients.add(client);
        if (isStopped()) {
            client.close();
        }
        daemon("flume-client-" + client.peer(), () -> {
            try {
                client.run();
            } finally {
                clients.remove(client);
            }
        }).start();
    }

    private void keep(List<byte[]> events) throws InterruptedException {
        rate.await(events.size());
        if (isStopped()) {
            throw new IllegalStateException("the receiver is stopping");
        }
        store(events.iterator());
    }

    private static Thread daemon(String name, Runnable work) {
        Thread thread = new Thread(work, name);
        thread.setDaemon(true);
        return thread;
    }

    private static void closeQuietly(ServerSocket socket) {
        try {
            socket.close();
        } catch (IOException e) {
            LOG.debug("close", e);
        }
    }
}
