import java.io.OutputStream;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import org.apache.hadoop.yarn.conf.YarnConfiguration;
import org.apache.hadoop.yarn.server.MiniYARNCluster;

/**
 * A YARN in this JVM, with two NodeManagers, until a signal ends it: {@code MiniYarn CONF_FILE}.
 *
 * <p>Once it is up, that file has what its clients need to know.
 */
public final class MiniYarn {
  private static final int NODES = 2;
  private static final int START_MS_MAX = 60_000;

  public static void main(String[] arguments) throws Exception {
    // It asks nobody for a password, and listens at this host's name.
    if (!InetAddress.getLocalHost().isLoopbackAddress()) {
      throw new IllegalStateException(
          "other machines reach this one as " + InetAddress.getLocalHost() + ", and YARN would run"
              + " their commands; let its name be 127.0.0.1 in /etc/hosts, or use a container");
    }
    MiniYARNCluster cluster = new MiniYARNCluster("yarn", NODES, 1, 1);
    Runtime.getRuntime().addShutdownHook(new Thread(cluster::stop));
    cluster.init(configuration());
    cluster.start();
    if (!cluster.waitForNodeManagersToConnect(START_MS_MAX)) {
      throw new IllegalStateException("NodeManagers have not joined within " + START_MS_MAX + " ms");
    }
    write(cluster, Path.of(arguments[0]));
    Thread.currentThread().join();
  }

  private static YarnConfiguration configuration() {
    YarnConfiguration made = new YarnConfiguration();
    // The jar lacks Hadoop's conf of a queue, and without a queue nothing starts.
    made.set("yarn.scheduler.capacity.root.queues", "default");
    made.set("yarn.scheduler.capacity.root.default.capacity", "100");
    // A container gets what it asks for; the default rounds up to whole GiB.
    made.set("yarn.scheduler.minimum-allocation-mb", "128");
    // A NodeManager would refuse work on a disk that is nearly full.
    made.set("yarn.nodemanager.disk-health-checker.enable", "false");
    return made;
  }

  private static void write(MiniYARNCluster cluster, Path file) throws Exception {
    Path unfinished = file.resolveSibling(file.getFileName() + ".part");
    try (OutputStream out = Files.newOutputStream(unfinished)) {
      cluster.getConfig().writeXml(out);
    }
    Files.move(unfinished, file, StandardCopyOption.ATOMIC_MOVE);
  }
}
