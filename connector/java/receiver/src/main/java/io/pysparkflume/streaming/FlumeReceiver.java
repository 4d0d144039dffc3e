package io.pysparkflume.streaming;

import java.io.IOException;
import java.net.BindException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.spark.SparkConf;
import org.apache.spark.SparkEnv;
import org.apache.spark.storage.StorageLevel;
import org.apache.spark.streaming.receiver.Receiver;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Listens like a Flume Avro source. An element is the bytes of several {@code AvroFlumeEvent}s; a
 * block's metadata is their number, see {@link FlumeInputDStream}.
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

    private static final int RETRY_DELAY_MS = 2000;

    /** The executor's id if everything runs in one process, so that no other one can take over. */
    private static final String DRIVER = "driver";

    /** The receivers of this process that listen. */
    private static final Set<FlumeReceiver> LISTENING = ConcurrentHashMap.newKeySet();

    /** Delays for hosts that are not this one: Spark may choose this executor again and again. */
    private static final Map<String, Backoff> MOVES = new ConcurrentHashMap<>();

    private final String host;
    private final int port;
    private final boolean compressed;
    private final String worker;

    private transient volatile ServerSocket server;
    private transient Set<AvroConnection> clients;
    private transient int stallSecondsMax;
    private transient RateLimit rate;
    private transient CountDownLatch stopping;
    /** Whether another stream of this program also wants the port. */
    private transient AtomicBoolean isWanted;

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

    /** Where it listens, {@code host:port}. */
    String address() {
        return host + ":" + port;
    }

    int port() {
        return port;
    }

    /** Whether sinks reach it at whatever address its worker has. */
    boolean listensOnEveryAddress() {
        InetSocketAddress address = new InetSocketAddress(host, port);
        return !address.isUnresolved() && address.getAddress().isAnyLocalAddress();
    }

    @Override
    public scala.Option<String> preferredLocation() {
        return scala.Option.apply(worker);
    }

    @Override
    public void onStart() {
        stopping = new CountDownLatch(1);
        clients = ConcurrentHashMap.newKeySet();
        SparkConf conf = SparkEnv.get().conf();
        stallSecondsMax = FlumeStreams.stallSecondsMax(conf);
        rate = RateLimit.of(conf, () -> supervisor().getCurrentRateLimit());
        isWanted = new AtomicBoolean();
        try {
            ServerSocket listening = bind();
            LOG.info("Flume receiver listens on {}:{}", host, port);
            daemon("flume-receiver-" + port, () -> accept(listening)).start();
        } catch (IOException e) {
            if (SparkEnv.get().executorId().equals(DRIVER)) {
                CountDownLatch stop = stopping;
                daemon("flume-receiver-" + port, () -> retry(e, stop)).start();
            } else {
                move(e);
            }
        }
    }

    @Override
    public void onStop() {
        stopping.countDown();
        LISTENING.remove(this);
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
        synchronized (LISTENING) { // another stream that cannot bind must find this one there
            try {
                socket.setReuseAddress(true);
                socket.bind(address, CONNECTIONS_MAX);
            } catch (IOException e) {
                closeQuietly(socket);
                throw e;
            }
            LISTENING.add(this);
        }
        server = socket;
        return socket;
    }

    /** Tries to listen until it can or the receiver stops; logs each reason once. */
    private void retry(IOException first, CountDownLatch stop) {
        String logged = "";
        try {
            for (IOException cause = first; cause != null; cause = tryToAccept(stop)) {
                String fact = ListenFailure.fact(cause);
                if (!fact.equals(logged)) {
                    logged = fact;
                    explain(fact);
                }
                if (stop.await(RETRY_DELAY_MS, TimeUnit.MILLISECONDS)) {
                    return;
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Listens and serves until the receiver stops; returns why it cannot listen, else null. */
    private IOException tryToAccept(CountDownLatch stop) {
        ServerSocket listening;
        try {
            listening = bind();
        } catch (IOException e) {
            return e;
        }
        if (stop.getCount() == 0) { // onStop may have missed the socket
            LISTENING.remove(this);
            closeQuietly(listening);
            return null;
        }
        // A warning, like the reason: PySpark's log shows only warnings by default.
        LOG.warn("Flume receiver listens on {}:{} now", host, port);
        accept(listening);
        return null;
    }

    private void explain(String fact) {
        FlumeReceiver other = fact.equals(ListenFailure.IN_USE) ? otherOnThisPort() : null;
        if (other != null && !other.isWanted.compareAndSet(false, true)) {
            return; // this is a third stream on the port, and the second one has logged it
        }
        LOG.error(ListenFailure.message(host, port, fact, other != null));
        reportError(host + ":" + port + ": " + fact, null); // for the Streaming tab
    }

    private FlumeReceiver otherOnThisPort() {
        return LISTENING.stream().filter(other -> other != this && other.port == port)
                .findAny().orElse(null);
    }

    /**
     * Stops the receiver after a delay. Spark starts it again, perhaps on another executor; the
     * delay prevents a tight loop.
     *
     * <p>Spark does not always use the preferred host: it may choose any idle executor. So a
     * receiver that is on the wrong host stops almost at once, to be moved.
     */
    private void move(IOException cause) {
        String fact = ListenFailure.fact(cause);
        if (fact.equals(ListenFailure.NOT_HERE)) {
            String message = ListenFailure.moves(host, port);
            LOG.info(message);
            stopAfter(MOVES.computeIfAbsent(host, any -> new Backoff()).nextMillis(), message);
            return;
        }
        boolean isOurs = fact.equals(ListenFailure.IN_USE) && otherOnThisPort() != null;
        String message = ListenFailure.message(host, port, fact, isOurs);
        LOG.error(message);
        stopAfter(RETRY_DELAY_MS, message);
    }

    private void stopAfter(long millis, String message) {
        daemon("flume-receiver-retry", () -> {
            try {
                Thread.sleep(millis); // Spark starts it again at once, see move
            } catch (InterruptedException e) {
                return;
            }
            stop(message);
        }).start();
    }

    private void accept(ServerSocket listening) {
        FrameMemory memory = FrameMemory.ofHeap();
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
            client.refuse(CONNECTIONS_MAX + " connections are open, which is the limit");
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

    private void keep(EncodedEvents events) throws InterruptedException {
        rate.await(events.count());
        if (isStopped()) {
            throw new IllegalStateException("the receiver is stopping");
        }
        store(events.chunks().iterator(), events.count());
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
