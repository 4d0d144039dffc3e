import java.io.IOException;
import java.lang.reflect.Proxy;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Hashtable;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import javax.naming.InitialContext;
import javax.naming.NamingException;
import javax.naming.spi.InitialContextFactory;
import org.apache.flume.Context;

/** The least that each component wants in its conf. */
final class ComponentSettings {
  private final Path folder;
  private final Iterator<Integer> ports;
  private final AtomicInteger serial = new AtomicInteger();

  /** The ports are free, and no outgoing connection gets one of them meanwhile. */
  ComponentSettings(Path folder, Iterator<Integer> ports) {
    this.folder = folder;
    this.ports = ports;
  }

  /** Those of a class, by its simple name, with folders and ports of its own; and `more`. */
  Map<String, String> of(String simple, String... more) throws IOException {
    String here = folder.resolve(simple + serial.incrementAndGet()).toString();
    Map<String, String> all = new HashMap<>();
    String port = "" + freePort();
    all.put("port", port);
    all.put("host", "127.0.0.1");
    all.put("bind", "127.0.0.1");
    switch (simple) {
      case "ExecSource" -> all.put("command", "echo x");
      case "MultiportSyslogTCPSource" -> all.put("ports", port);
      case "SpoolDirectorySource" ->
          all.put("spoolDir", Files.createDirectories(Path.of(here)).toString());
      case "TaildirSource" -> {
        Path log = Files.createDirectories(Path.of(here)).resolve("x.log");
        Files.writeString(log, "a line\n");
        all.put("positionFile", here + "/positions.json");
        all.put("filegroups", "f1");
        all.put("filegroups.f1", log.toString());
      }
      case "SequenceGeneratorSource" -> all.put("batchSize", "1");
      case "StressSource" -> all.put("size", "1");
      case "JMSSource" -> {
        all.put("initialContextFactory", Names.class.getName());
        all.put("providerURL", "none://");
        all.put("destinationName", "queue");
        all.put("destinationType", "QUEUE");
      }
      case "TwitterSource" -> {
        for (String key :
            List.of("consumerKey", "consumerSecret", "accessToken", "accessTokenSecret")) {
          all.put(key, "x");
        }
      }
      case "KafkaSource" -> {
        all.put("kafka.bootstrap.servers", "127.0.0.1:" + port);
        all.put("kafka.topics", "events");
        all.put("kafka.consumer.default.api.timeout.ms", "1000");
      }
      case "KafkaChannel", "KafkaSink" -> all.put("kafka.bootstrap.servers", "127.0.0.1:" + port);
      case "FileChannel", "SpillableMemoryChannel" -> {
        all.put("checkpointDir", here + "/checkpoint");
        all.put("dataDirs", here + "/data");
        all.put("minimumRequiredSpace", "1048576");
      }
      case "RollingFileSink" ->
          all.put("sink.directory", Files.createDirectories(Path.of(here)).toString());
      case "HDFSEventSink" -> {
        all.put("hdfs.path", "file://" + here);
        all.put("hdfs.fileType", "DataStream");
      }
      case "HBaseSink", "AsyncHBaseSink", "HBase2Sink" -> {
        all.put("table", "t");
        all.put("columnFamily", "c");
        all.put("zookeeperQuorum", "127.0.0.1:" + port);
      }
      case "HiveSink" -> {
        all.put("hive.metastore", "thrift://127.0.0.1:" + port);
        all.put("hive.database", "d");
        all.put("hive.table", "t");
        all.put("serializer", "JSON");
      }
      case "IRCSink" -> {
        ServerSocket listening = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
        all.put("hostname", "127.0.0.1");
        all.put("port", "" + listening.getLocalPort());
        all.put("nick", "x");
        all.put("chan", "x");
      }
      case "MorphlineSolrSink", "MorphlineSink", "MorphlineInterceptor" -> {
        Path file = Path.of(here + ".conf");
        Files.writeString(file, "morphlines: [{id: one,"
            + " importCommands: [\"org.kitesdk.morphline.stdio.ReadLineBuilder\"],"
            + " commands: [{readLine {charset: UTF-8}}]}]");
        all.put("morphlineFile", file.toString());
        all.put("morphlineId", "one");
      }
      case "RegexExtractorInterceptor" -> {
        all.put("regex", "(.)");
        all.put("serializers", "s1");
        all.put("serializers.s1.name", "first");
      }
      case "RemoveHeaderInterceptor" -> all.put("withName", "x");
      case "SearchAndReplaceInterceptor" -> {
        all.put("searchPattern", "x");
        all.put("replaceString", "y");
      }
      case "RegexExtractorInterceptorMillisSerializer" -> all.put("pattern", "yyyy-MM-dd");
      case "ExternalProcessConfigFilter" -> all.put("command", "echo");
      case "HadoopCredentialStoreConfigFilter" ->
          all.put("credential.provider.path", "localjceks://file" + here + ".jceks");
      case "GangliaServer" -> all.put("hosts", "127.0.0.1:" + port);
      default -> { }
    }
    for (int i = 0; i < more.length; i += 2) {
      all.put(more[i], more[i + 1]);
    }
    return all;
  }

  synchronized int freePort() {
    return ports.next();
  }

  /** A JMS provider of which every call answers nothing, or another such object. */
  public static final class Names implements InitialContextFactory {
    @Override
    public javax.naming.Context getInitialContext(Hashtable<?, ?> environment)
        throws NamingException {
      return new InitialContext(true) {
        @Override
        public Object lookup(String name) {
          return nothing(javax.jms.ConnectionFactory.class);
        }
      };
    }

    private static Object nothing(Class<?> type) {
      return Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type},
          (self, method, arguments) -> {
            Class<?> answer = method.getReturnType();
            boolean message = javax.jms.Message.class.isAssignableFrom(answer);
            return answer.isInterface() && !message ? nothing(answer) : null;
          });
    }
  }
}
