package io.pysparkflume.flume;

import java.io.IOException;
import java.nio.file.Path;
import org.apache.flume.Context;
import org.apache.flume.instrumentation.MonitorService;
import org.apache.flume.instrumentation.util.JMXPollUtil;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Flume's counters over HTTP, as Flume's own server gives them, and on disk.
 *
 * <p>Flume's counters begin at 0 with every process. A ledger needs their sum over all runs, also
 * over those that have ended; so each run keeps its own file.
 *
 * <p>Flume makes and starts it when {@code -Dflume.monitoring.type} names this class, after it has
 * told the components to start, and stops it after they have stopped, so that the last file holds
 * the last counts. Properties, each with the prefix {@code -Dflume.monitoring.}:
 *
 * <ul>
 *   <li>{@code host}: address to listen on, 127.0.0.1. In a container 0.0.0.0, or no published port
 *       reaches it.
 *   <li>{@code port}: 41414; 0 takes any free one.
 *   <li>{@code directory}: where the files go, one agent a directory. None: HTTP only.
 * </ul>
 *
 * <p>Neither a port in use nor an unwritable directory stops the agent: each is one line in the
 * log.
 */
public final class MetricsMonitor implements MonitorService {
    private static final Logger LOG = LoggerFactory.getLogger(MetricsMonitor.class);

    private String host;
    private int port;
    private String directory;
    private MetricsServer server;
    private MetricsFile file;

    @Override
    public void configure(Context context) {
        host = context.getString("host", "127.0.0.1");
        port = context.getInteger("port", 41414);
        directory = context.getString("directory");
    }

    @Override
    public void start() {
        // The file first: once HTTP answers, the newest file is the current run's.
        if (directory != null && !directory.isBlank()) {
            // Not the start of the process: a reloaded conf zeroes the counters and makes a new
            // monitor.
            file = new MetricsFile(
                    Path.of(directory), System.currentTimeMillis(), JMXPollUtil::getAllMBeans);
            file.start();
        }
        try {
            server = MetricsServer.start(host, port, JMXPollUtil::getAllMBeans);
            LOG.info("Metrics at http://{}:{}/metrics", host, server.port());
        } catch (IOException e) {
            LOG.error(
                    "No metrics over HTTP, cannot listen on {}:{} ({}); free it or set"
                            + " -Dflume.monitoring.port (FLUME_METRICS_PORT)",
                    host, port, e.getMessage());
        }
    }

    /** Writes the final file. Flume calls it twice at shutdown; the second call does nothing. */
    @Override
    public void stop() {
        if (file != null) {
            file.stop();
            file = null;
        }
        if (server != null) {
            server.stop();
            server = null;
        }
    }

    /** The port it listens on, or -1 while it does not. */
    int port() {
        return server == null ? -1 : server.port();
    }
}
