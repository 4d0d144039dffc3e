package io.pysparkflume.flume;

import java.io.IOException;
import java.nio.file.Path;
import org.apache.flume.Context;
import org.apache.flume.instrumentation.MonitorService;
import org.apache.flume.instrumentation.util.JMXPollUtil;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Serves Flume's counters over HTTP, like Flume's own server and in the form of Prometheus, and
 * keeps them on disk.
 *
 * <p>Flume's counters begin at 0 with every process. A ledger needs their sum over all runs,
 * including those that have ended, so each run keeps its own file.
 *
 * <p>Flume creates this monitor if {@code -Dflume.monitoring.type} names its class. It starts it
 * after starting its components, and stops it after they have stopped, so the last file has the
 * last counts. Properties, each with the prefix {@code -Dflume.monitoring.}:
 *
 * <ul>
 *   <li>{@code host}: address to listen on; default: 127.0.0.1. In a container, set 0.0.0.0:
 *       otherwise a published port does not reach it.
 *   <li>{@code port}: default: 41414; 0 uses any free port.
 *   <li>{@code directory}: for the files, a different one for each agent; default: no files.
 * </ul>
 *
 * <p>Neither a port in use nor an unwritable directory stops the agent: each is logged in one line.
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
        // The file comes first, so that the newest file is the current run's once HTTP answers.
        if (directory != null && !directory.isBlank()) {
            // This is not the start time of the process, because reloading the conf resets the
            // counters and creates a new monitor.
            file = new MetricsFile(
                    Path.of(directory), System.currentTimeMillis(), JMXPollUtil::getAllMBeans);
            file.start();
        }
        try {
            server = MetricsServer.start(host, port, JMXPollUtil::getAllMBeans);
            LOG.info("Metrics at http://{}:{}/metrics", host, server.port());
        } catch (IOException e) {
            LOG.error(
                    "No metrics over HTTP: cannot listen on {}:{} ({}); free the port or set"
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

    /** Returns the port it listens on, or -1 if it does not listen. */
    int port() {
        return server == null ? -1 : server.port();
    }
}
