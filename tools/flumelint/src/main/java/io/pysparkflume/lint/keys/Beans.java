package io.pysparkflume.lint.keys;

import java.lang.reflect.Method;
import java.util.Set;

/** The keys that Flume's FlumeBeanConfigurator sets in an object: one for each setter. */
final class Beans {
  private Beans() {}

  static void read(Findings findings, Known bean, Set<String> prefixes) {
    for (String type : bean.classes()) {
      Class<?> its;
      try {
        its = Class.forName(type.replace('/', '.'));
      } catch (ClassNotFoundException error) {
        throw new IllegalStateException(type + " is on no jar of Flume's class path", error);
      }
      for (Method method : its.getMethods()) {
        if (method.getName().matches("set.+") && method.getParameterCount() == 1) {
          String name = method.getName().substring(3);
          String key = Character.toLowerCase(name.charAt(0)) + name.substring(1);
          Class<?> value = method.getParameterTypes()[0];
          if (value.isPrimitive() || value == String.class || value == String[].class) {
            prefixes.forEach(prefix ->
                findings.key(prefix + its.getSimpleName() + "." + key).types
                    .add(value == String[].class ? "list" : value.getSimpleName().toLowerCase()));
          }
        }
      }
    }
  }
}
