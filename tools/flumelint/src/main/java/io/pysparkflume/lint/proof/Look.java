package io.pysparkflume.lint.proof;

import java.io.IOException;
import java.lang.reflect.Array;
import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.stream.Stream;

/**
 * Looks at something when a case has run.
 *
 * <ul>
 *   <li>{@code files REGEX}: the case's files whose paths match
 *   <li>{@code field COMPONENT PATH}: a value of a component, by the names of fields and getters
 *   <li>{@code headers}: those of the events that logger sinks printed, each once
 *   <li>{@code answers}: what the sources answered
 *   <li>{@code wire}: the first bytes that came to a port
 *   <li>{@code again}: events that came into channels and out of them after a restart
 * </ul>
 */
final class Look {
  private static final String HEADERS_END = "} body: ";

  private Look() {}

  /** The case's files that match, as paths below its folder. */
  static List<String> files(Path folder, String regex) throws IOException {
    try (Stream<Path> paths = Files.walk(folder)) {
      return paths.filter(Files::isRegularFile)
          .map(path -> "/" + folder.relativize(path))
          .filter(path -> path.matches(regex)).sorted().toList();
    }
  }

  /** The headers of printed events, each once. */
  static List<String> headers(Collection<String> events) {
    return events.stream()
        .map(event -> event.substring(event.indexOf("headers:") + 8, event.indexOf(HEADERS_END) + 1))
        .distinct().sorted().toList();
  }

  /** The value that a path of fields and getters leads to, as text. */
  static Object field(Object component, String path) throws ReflectiveOperationException {
    Object value = component;
    for (String name : path.split("\\.")) {
      value = member(value, name);
    }
    if (value != null && value.getClass().isArray()) {
      List<String> all = new ArrayList<>();
      for (int index = 0; index < Array.getLength(value); index++) {
        all.add(String.valueOf(Array.get(value, index)));
      }
      return all;
    }
    return String.valueOf(value);
  }

  private static Object member(Object owner, String name) throws ReflectiveOperationException {
    for (Class<?> type = owner.getClass(); type != null; type = type.getSuperclass()) {
      for (Field field : type.getDeclaredFields()) {
        if (field.getName().equals(name)) {
          field.setAccessible(true);
          return field.get(owner);
        }
      }
      for (Method method : type.getDeclaredMethods()) {
        if (method.getName().equals(name) && method.getParameterCount() == 0) {
          method.setAccessible(true);
          return method.invoke(owner);
        }
      }
    }
    throw new NoSuchFieldException(owner.getClass() + " has no " + name);
  }
}
