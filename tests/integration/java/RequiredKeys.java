import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.flume.Context;
import org.apache.flume.conf.Configurables;
import org.apache.flume.channel.DefaultChannelFactory;
import org.apache.flume.sink.DefaultSinkFactory;
import org.apache.flume.source.DefaultSourceFactory;

/** Takes one key after the other away from a component's least settings, and configures it. */
final class RequiredKeys {
  private static final String HOST = "127.0.0.1";

  private RequiredKeys() {}

  /** Prints {@code without KIND CLASS KEY refused|accepted}; nothing if its jars are missing. */
  static void print(String kind, String type, String name, Map<String, String> least) {
    Map<String, String> all = new HashMap<>(least);
    all.put("hostname", HOST);
    all.put("endpoint", "http://127.0.0.1/");
    if (!accepts(kind, type, all)) {
      return;
    }
    for (String key : List.copyOf(all.keySet())) {
      Map<String, String> fewer = new HashMap<>(all);
      fewer.remove(key);
      String answer = accepts(kind, type, fewer) ? "accepted" : "refused";
      System.out.println("without " + kind + " " + name + " " + key + " " + answer);
    }
  }

  private static boolean accepts(String kind, String type, Map<String, String> settings) {
    try {
      Object component = switch (kind) {
        case "source" -> new DefaultSourceFactory().create("required", type);
        case "channel" -> new DefaultChannelFactory().create("required", type);
        default -> new DefaultSinkFactory().create("required", type);
      };
      Configurables.configure(component, new Context(settings));
      return true;
    } catch (RuntimeException | LinkageError refused) {
      return false;
    }
  }
}
