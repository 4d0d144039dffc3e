package io.pysparkflume.lint.keys;

import com.google.gson.GsonBuilder;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Prints, as JSON, the keys that each component reads, by its class.
 *
 * <p>Run as {@code java -cp … ReadKeys FILE}; the file has a class on each line. What is read is
 * the bytecode of the jars on the class path, all branches of it.
 */
public final class ReadKeys {
  private ReadKeys() {}

  public static void main(String[] arguments) throws IOException {
    List<Path> paths = new ArrayList<>();
    for (String path : System.getProperty("java.class.path").split(File.pathSeparator)) {
      String name = Path.of(path).getFileName().toString();
      if (name.endsWith(".jar") && (name.startsWith("flume-") || name.startsWith("spark-sink"))) {
        paths.add(Path.of(path));
      }
    }
    Jars jars = new Jars(paths);
    StaticFields statics = new StaticFields();
    Map<String, Findings> all = new TreeMap<>();
    for (String type : Files.readAllLines(Path.of(arguments[0]))) {
      String internal = type.replace('.', '/');
      if (jars.get(internal) != null) {
        all.put(type, FlumeCode.read(jars, statics, internal));
      }
    }
    if (arguments.length > 1) {
      all.forEach((type, its) -> its.notRead.forEach(line ->
          System.err.println(type + ": " + line)));
    }
    System.out.println(
        new GsonBuilder().setPrettyPrinting().disableHtmlEscaping().create().toJson(all));
  }
}
