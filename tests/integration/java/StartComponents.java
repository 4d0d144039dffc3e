import com.sun.net.httpserver.HttpServer;
import java.io.ByteArrayOutputStream;
import java.io.File;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.apache.flume.Channel;
import org.apache.flume.Context;
import org.apache.flume.Event;
import org.apache.flume.Sink;
import org.apache.flume.SinkProcessor;
import org.apache.flume.Source;
import org.apache.flume.Transaction;
import org.apache.flume.PollableSource;
import org.apache.flume.channel.ChannelProcessor;
import org.apache.flume.channel.ChannelSelectorFactory;
import org.apache.flume.channel.DefaultChannelFactory;
import org.apache.flume.channel.MemoryChannel;
import org.apache.flume.conf.Configurable;
import org.apache.flume.conf.Configurables;
import org.apache.flume.configfilter.ConfigFilter;
import org.apache.flume.event.EventBuilder;
import org.apache.flume.instrumentation.MonitorService;
import org.apache.flume.interceptor.Interceptor;
import org.apache.flume.interceptor.InterceptorBuilderFactory;
import org.apache.flume.interceptor.RegexExtractorInterceptorSerializer;
import org.apache.flume.serialization.DurablePositionTracker;
import org.apache.flume.serialization.EventDeserializerFactory;
import org.apache.flume.serialization.EventSerializer;
import org.apache.flume.serialization.EventSerializerFactory;
import org.apache.flume.serialization.ResettableFileInputStream;
import org.apache.flume.sink.DefaultSinkFactory;
import org.apache.flume.sink.NullSink;
import org.apache.flume.sink.SinkProcessorFactory;
import org.apache.flume.source.DefaultSourceFactory;

/**
 * Starts each component of Flume by Flume's own factories and prints what came of it.
 *
 * <p>Run as {@code java -cp … StartComponents components.txt FOLDER PORT…}. Lines of the
 * output:
 * <pre>
 * known KIND ALIAS CLASS      a type in Flume's enums
 * found KIND CLASS            a component in a jar of Flume
 * ran KIND CLASS ok           it was made, configured and started, and passed an event on if it can
 * ran KIND CLASS server TEXT  the same, but it wants a server that is not there
 * ran KIND CLASS missing NAME a class was not found
 * ran KIND CLASS failed TEXT  anything else
 * without KIND CLASS KEY refused   it cannot be configured without this key; or accepted
 * </pre>
 */
public final class StartComponents {
  private static final Duration WAIT = Duration.ofSeconds(30);
  private static final List<String> WANT_SERVER = List.of("HBase2Sink", "KafkaSource");

  private final Path folder;
  private final ComponentSettings settings;
  private final AtomicInteger serial = new AtomicInteger();

  private StartComponents(Path folder, List<Integer> ports) {
    this.folder = folder;
    this.settings = new ComponentSettings(folder, ports.iterator());
  }

  public static void main(String[] arguments) throws Exception {
    List<Integer> ports = Stream.of(arguments).skip(2).map(Integer::valueOf).toList();
    StartComponents starter = new StartComponents(Path.of(arguments[1]), ports);
    FlumeTypes.printEnums();
    FlumeTypes.printFound();
    ExecutorService threads = Executors.newCachedThreadPool(work -> {
      Thread thread = new Thread(work);
      thread.setDaemon(true);
      thread.setContextClassLoader(StartComponents.class.getClassLoader());
      return thread;
    });
    Map<String, Future<Void>> started = new LinkedHashMap<>();
    for (String line : Files.readAllLines(Path.of(arguments[0]))) {
      if (line.startsWith("#") || line.isBlank()) {
        continue;
      }
      String[] words = line.split(" ");
      String kind = words[0];
      String name = words[2];
      boolean byClass =
          words[1].equals("-") || kind.equals("serializer") && words[3].equals("yours");
      started.put(kind + " " + name,
          threads.submit(() -> starter.start(kind, byClass ? name : words[1], name)));
    }
    started.forEach((name, future) ->
        System.out.println("ran " + name + " " + result(name, future)));
    for (String line : Files.readAllLines(Path.of(arguments[0]))) {
      String[] words = line.split(" ");
      if (List.of("source", "channel", "sink").contains(words[0]) && !words[1].equals("jdbc")) {
        RequiredKeys.print(words[0], words[1].equals("-") ? words[2] : words[1], words[2],
            starter.settings.of(words[2].replaceAll(".*[.]", "")));
      }
    }
    System.out.flush();
    Runtime.getRuntime().halt(0);
  }

  private static String result(String name, Future<Void> future) {
    boolean wantsServer = WANT_SERVER.stream().anyMatch(name::endsWith);
    try {
      future.get(WAIT.toMillis(), TimeUnit.MILLISECONDS);
      return "ok";
    } catch (TimeoutException error) {
      future.cancel(true);
      return (wantsServer ? "server" : "failed") + " not done after " + WAIT;
    } catch (InterruptedException error) {
      throw new IllegalStateException(error);
    } catch (ExecutionException error) {
      Throwable last = error;
      for (Throwable cause = error.getCause(); cause != null; cause = cause.getCause()) {
        last = cause;
        if (cause instanceof ClassNotFoundException || cause instanceof NoClassDefFoundError) {
          String message = String.valueOf(cause.getMessage());
          return "missing " + message.replace('/', '.').replaceAll(".* ", "");
        }
      }
      System.err.println(name);
      error.getCause().printStackTrace();
      return (wantsServer ? "server " : "failed ") + last.toString().replaceAll("\\s+", " ");
    }
  }

  // ---- one of each kind

  private Void start(String kind, String type, String name) throws Exception {
    String simple = name.replaceAll(".*[.$](?!Builder)", "").replaceAll("\\$Builder", "");
    Context context = new Context(settings.of(simple));
    switch (kind) {
      case "source" -> startSource(type, context);
      case "channel" -> startChannel(type, context);
      case "sink" -> startSink(type, context);
      case "interceptor" -> startInterceptor(type, context);
      case "extractor" -> {
        var serializer = (RegexExtractorInterceptorSerializer) make(type);
        serializer.configure(context);
        serializer.serialize("2015-05-17");
      }
      case "handler" -> startHandler(type);
      case "deserializer" -> startDeserializer(type);
      case "serializer" -> startSerializer(type, context);
      case "selector" -> {
        ChannelSelectorFactory
            .create(List.of(channel(false)), settings.of("selector", "type", type))
            .getRequiredChannels(event());
      }
      case "processor" -> startProcessor(type);
      case "configfilter" -> startConfigFilter(name, context);
      case "monitor" -> {
        MonitorService monitor = (MonitorService) make(name);
        monitor.configure(context);
        monitor.start();
        monitor.stop();
      }
      default -> throw new IllegalArgumentException(kind);
    }
    return null;
  }

  private static Object make(String name) throws ReflectiveOperationException {
    return Class.forName(name).getConstructor().newInstance();
  }

  private void startSource(String type, Context context) throws Exception {
    Source source = new DefaultSourceFactory().create("source" + serial.incrementAndGet(), type);
    source.setChannelProcessor(processor(channel(false)));
    Configurables.configure(source, context);
    source.start();
    try {
      if (source instanceof PollableSource pollable) {
        pollable.process();
      }
    } finally {
      // The legacy thrift source hangs if it is stopped before its thread serves.
      Thread stop = new Thread(source::stop);
      stop.setDaemon(true);
      stop.start();
      stop.join(5000);
    }
  }

  private void startChannel(String type, Context context) throws Exception {
    Channel channel =
        new DefaultChannelFactory().create("channel" + serial.incrementAndGet(), type);
    channel.setName("channel");
    Configurables.configure(channel, context);
    channel.start();
    try {
      if (!type.contains("kafka")) {
        pass(channel, event());
      }
    } finally {
      channel.stop();
    }
  }

  private void startSink(String type, Context context) throws Exception {
    Source peer = null;
    HttpServer server = null;
    if (type.equals("avro") || type.equals("thrift")) {
      peer = new DefaultSourceFactory().create("peer", type);
      peer.setChannelProcessor(processor(channel(false)));
      Configurables.configure(peer, context);
      peer.start();
      context.put("hostname", "127.0.0.1");
    } else if (type.equals("http")) {
      server = HttpServer.create();
      server.bind(new java.net.InetSocketAddress("127.0.0.1", 0), 1);
      server.createContext("/", exchange -> {
        exchange.getRequestBody().readAllBytes();
        exchange.sendResponseHeaders(200, -1);
        exchange.close();
      });
      server.start();
      context.put("endpoint", "http://127.0.0.1:" + server.getAddress().getPort() + "/");
    }
    Sink sink = new DefaultSinkFactory().create("sink" + serial.incrementAndGet(), type);
    Configurables.configure(sink, context);
    sink.setChannel(channel(true));
    sink.start();
    try {
      if (!type.contains("kafka") && !type.equals("irc")) {
        sink.process();
      }
    } finally {
      sink.stop();
      if (peer != null) {
        peer.stop();
      }
      if (server != null) {
        server.stop(0);
      }
    }
  }

  private void startInterceptor(String type, Context context) throws Exception {
    Interceptor.Builder builder = InterceptorBuilderFactory.newInstance(type);
    builder.configure(context);
    Interceptor interceptor = builder.build();
    interceptor.initialize();
    interceptor.intercept(event());
    interceptor.close();
  }

  private void startHandler(String type) throws Exception {
    int port = settings.freePort();
    Source source = new DefaultSourceFactory().create("source" + serial.incrementAndGet(), "http");
    Channel channel = channel(false);
    source.setChannelProcessor(processor(channel));
    Configurables.configure(source, new Context(settings.of("handler", "bind", "127.0.0.1",
        "port", "" + port, "handler", type, "handler.mandatoryParameters", "x")));
    source.start();
    try {
      HttpRequest request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/?x=y"))
          .header("Content-Type", "application/json; charset=utf-8")
          .POST(HttpRequest.BodyPublishers.ofString("[{\"headers\": {}, \"body\": \"x\"}]"))
          .build();
      int status = HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.discarding())
          .statusCode();
      if (status != 200) {
        throw new IllegalStateException("HTTP status " + status);
      }
      take(channel);
    } finally {
      source.stop();
    }
  }

  private void startDeserializer(String type) throws Exception {
    Path file = folder.resolve("in" + serial.incrementAndGet());
    if (type.equals("avro")) {
      ByteArrayOutputStream bytes = new ByteArrayOutputStream();
      EventSerializer serializer =
          EventSerializerFactory.getInstance("avro_event", new Context(), bytes);
      serializer.afterCreate();
      serializer.write(event());
      serializer.flush();
      serializer.beforeClose();
      Files.write(file, bytes.toByteArray());
    } else {
      Files.writeString(file, "a line\n");
    }
    File meta = new File(file + ".meta");
    try (var tracker = DurablePositionTracker.getInstance(meta, file.toString());
        var in = new ResettableFileInputStream(file.toFile(), tracker);
        var deserializer = EventDeserializerFactory.getInstance(type, new Context(), in)) {
      if (deserializer.readEvent() == null) {
        throw new IllegalStateException("no event was read");
      }
    }
  }

  private void startSerializer(String type, Context context) throws Exception {
    if (type.contains("hbase") || type.contains("hive")) {
      Object serializer = make(type);
      if (serializer instanceof Configurable configurable) {
        configurable.configure(context);
      }
      return;
    }
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    EventSerializer serializer = EventSerializerFactory.getInstance(type, context, out);
    serializer.afterCreate();
    if (!type.contains("hdfs")) {
      serializer.write(event());
    } else {
      Event event = event();
      event.getHeaders().put("flume.avro.schema.literal", "\"string\"");
      event.setBody(new byte[] {2, 'x'});
      serializer.write(event);
    }
    serializer.flush();
    serializer.beforeClose();
    if (out.size() == 0) {
      throw new IllegalStateException("nothing was written");
    }
  }

  private void startProcessor(String type) throws Exception {
    List<Sink> sinks = new ArrayList<>();
    for (String name : type.equals("default") ? List.of("k1") : List.of("k1", "k2")) {
      NullSink sink = new NullSink();
      sink.setName(name);
      Configurables.configure(sink, new Context());
      sink.setChannel(channel(true));
      sinks.add(sink);
    }
    SinkProcessor processor = SinkProcessorFactory.getProcessor(new Context(settings.of("processor",
        "type", type, "priority.k1", "1", "priority.k2", "2")), sinks);
    processor.start();
    processor.process();
    processor.stop();
  }

  private void startConfigFilter(String name, Context context) throws Exception {
    ConfigFilter filter = (ConfigFilter) make(name);
    filter.setName("filter");
    filter.initializeWithConfiguration(context.getParameters());
    String value = filter.filter("HOME");
    if (value == null && !name.contains("Hadoop")) {
      throw new IllegalStateException("no value");
    }
  }

  // ---- events

  private static Event event() {
    Map<String, String> headers = new HashMap<>(Map.of("category", "x"));
    return EventBuilder.withBody("a line".getBytes(), headers);
  }

  private static Channel channel(boolean filled) {
    MemoryChannel channel = new MemoryChannel();
    channel.setName("memory");
    Configurables.configure(channel, new Context());
    channel.start();
    if (filled) {
      put(channel, event());
    }
    return channel;
  }

  private static ChannelProcessor processor(Channel channel) {
    ChannelProcessor processor =
        new ChannelProcessor(ChannelSelectorFactory.create(List.of(channel), Map.of()));
    Configurables.configure(processor, new Context());
    return processor;
  }

  private static void put(Channel channel, Event event) {
    Transaction transaction = channel.getTransaction();
    transaction.begin();
    channel.put(event);
    transaction.commit();
    transaction.close();
  }

  private static void take(Channel channel) {
    Transaction transaction = channel.getTransaction();
    transaction.begin();
    Event taken = channel.take();
    transaction.commit();
    transaction.close();
    if (taken == null) {
      throw new IllegalStateException("no event is in the channel");
    }
  }

  private static void pass(Channel channel, Event event) {
    put(channel, event);
    take(channel);
  }
}
