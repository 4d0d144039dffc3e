import java.io.File;
import java.io.IOException;
import java.lang.reflect.Modifier;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeSet;
import java.util.jar.JarFile;
import org.apache.flume.Channel;
import org.apache.flume.ChannelSelector;
import org.apache.flume.Sink;
import org.apache.flume.SinkProcessor;
import org.apache.flume.Source;
import org.apache.flume.conf.ComponentWithClassName;
import org.apache.flume.conf.channel.ChannelSelectorType;
import org.apache.flume.conf.channel.ChannelType;
import org.apache.flume.conf.configfilter.ConfigFilterType;
import org.apache.flume.conf.sink.SinkProcessorType;
import org.apache.flume.conf.sink.SinkType;
import org.apache.flume.conf.source.SourceType;
import org.apache.flume.configfilter.ConfigFilter;
import org.apache.flume.instrumentation.MonitorService;
import org.apache.flume.instrumentation.MonitoringType;
import org.apache.flume.interceptor.Interceptor;
import org.apache.flume.interceptor.InterceptorType;
import org.apache.flume.interceptor.RegexExtractorInterceptorSerializer;
import org.apache.flume.serialization.EventDeserializer;
import org.apache.flume.serialization.EventDeserializerType;
import org.apache.flume.serialization.EventSerializer;
import org.apache.flume.serialization.EventSerializerType;
import org.apache.flume.source.http.HTTPSourceHandler;

/** The component types that Flume knows, and the components that its jars hold. */
final class FlumeTypes {
  private FlumeTypes() {}

  static void printEnums() {
    printTypes("source", SourceType.values());
    printTypes("channel", ChannelType.values());
    printTypes("sink", SinkType.values());
    printTypes("processor", SinkProcessorType.values());
    printTypes("selector", ChannelSelectorType.values());
    printTypes("configfilter", ConfigFilterType.values());
    for (InterceptorType type : InterceptorType.values()) {
      printKnown("interceptor", type, type.getBuilderClass());
    }
    for (EventSerializerType type : EventSerializerType.values()) {
      printKnown("serializer", type, type.getBuilderClass());
    }
    for (EventDeserializerType type : EventDeserializerType.values()) {
      printKnown("deserializer", type, type.getBuilderClass());
    }
    for (MonitoringType type : MonitoringType.values()) {
      printKnown("monitor", type, type.getMonitorClass());
    }
  }

  private static <T extends Enum<T> & ComponentWithClassName> void printTypes(
      String kind, T[] types) {
    for (T type : types) {
      String name = type.getClassName();
      if (name != null) {
        System.out.println("known " + kind + " " + type.name().toLowerCase() + " " + name);
      }
    }
  }

  private static void printKnown(String kind, Enum<?> type, Class<?> its) {
    if (its != null) {
      System.out.println("known " + kind + " " + type.name().toLowerCase() + " " + its.getName());
    }
  }

  /** Prints the components in Flume's jars: public classes that Flume can make by their names. */
  static void printFound() throws IOException {
    Map<String, Class<?>> kinds = new HashMap<>();
    kinds.put("source", Source.class);
    kinds.put("channel", Channel.class);
    kinds.put("sink", Sink.class);
    kinds.put("interceptor", Interceptor.Builder.class);
    kinds.put("extractor", RegexExtractorInterceptorSerializer.class);
    kinds.put("handler", HTTPSourceHandler.class);
    kinds.put("deserializer", EventDeserializer.Builder.class);
    kinds.put("serializer", EventSerializer.Builder.class);
    kinds.put("selector", ChannelSelector.class);
    kinds.put("processor", SinkProcessor.class);
    kinds.put("configfilter", ConfigFilter.class);
    kinds.put("monitor", MonitorService.class);
    TreeSet<String> found = new TreeSet<>();
    for (String path : System.getProperty("java.class.path").split(File.pathSeparator)) {
      if (!new File(path).getName().startsWith("flume-") || path.contains("flume-plugins")) {
        continue;
      }
      try (JarFile jar = new JarFile(path)) {
        jar.stream().map(entry -> entry.getName()).filter(name -> name.endsWith(".class"))
            .map(name -> name.substring(0, name.length() - 6).replace('/', '.'))
            .forEach(name -> {
              try {
                Class<?> its = Class.forName(name, false, Source.class.getClassLoader());
                its.getConstructor();
                if (Modifier.isAbstract(its.getModifiers())) {
                  return;
                }
                kinds.forEach((kind, parent) -> {
                  if (parent.isAssignableFrom(its)) {
                    found.add("found " + kind + " " + name);
                  }
                });
              } catch (ReflectiveOperationException | LinkageError error) {
                // No constructor for Flume, or of a component whose jars are not here.
              }
            });
      }
    }
    found.forEach(System.out::println);
  }
}
