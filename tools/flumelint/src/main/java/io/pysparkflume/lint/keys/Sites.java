package io.pysparkflume.lint.keys;

import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import org.objectweb.asm.tree.AbstractInsnNode;

/** What was put into objects, by the place where they were made, and into fields, by their name. */
final class Sites {
  private final Map<AbstractInsnNode, Known> made = new HashMap<>();
  private final Map<String, Known> fields = new HashMap<>();

  /** Adds what an object holds: the prefixes of a new Context, the elements of an array. */
  void put(Known object, Known content) {
    for (AbstractInsnNode site : object.sites()) {
      made.merge(site, content, Known::or);
    }
  }

  /** What such an object holds. */
  Known content(Known object) {
    Known content = Known.NOTHING;
    for (AbstractInsnNode site : object.sites()) {
      content = content.or(made.getOrDefault(site, Known.NOTHING));
    }
    return content;
  }

  /** The prefixes of a Context, as it is or as it was made. */
  Set<String> contextsOf(Known value) {
    return Known.union(value.contexts(), content(value).contexts());
  }

  /** The prefixes of a Map. */
  Set<String> mapsOf(Known value) {
    return Known.union(value.maps(), content(value).maps());
  }

  void putField(String name, Known value) {
    fields.merge(name, value, Known::or);
  }

  Known field(String name) {
    return fields.getOrDefault(name, Known.NOTHING);
  }
}
