package io.pysparkflume.lint.keys;

import java.util.LinkedHashSet;
import java.util.Set;
import org.objectweb.asm.tree.AbstractInsnNode;
import org.objectweb.asm.tree.analysis.Value;

/**
 * What is known of a value on the stack of a method: the union over all ways to reach it.
 *
 * @param size 1 or 2 words
 * @param constants values it may have: String, Integer, Long, Float, Double, or a {@link Named};
 *     in a String {@link #ANY} stands for a part that is not known
 * @param contexts prefixes of the keys that a Context holds, "" for a component's own
 * @param maps the same of a Map
 * @param origins keys of the conf whose value this is
 * @param classes internal names of the classes that it may have
 * @param sites where it was made; {@link Sites} knows what was put into it there
 */
record Known(
    int size,
    Set<Object> constants,
    Set<String> contexts,
    Set<String> maps,
    Set<String> origins,
    Set<String> classes,
    Set<AbstractInsnNode> sites)
    implements Value {

  /** A static field's value that is no plain constant, by its name. */
  record Named(String type, String name) {}

  static final String ANY = "*";
  static final Named IS_EMPTY = new Named("test", "empty"); // whether a text is empty
  static final Known NOTHING = nothing(1);
  static final Known NOTHING_WIDE = nothing(2);
  private static final int CONSTANTS_MAX = 40; // more are not names that code chooses between

  private static Known nothing(int size) {
    return new Known(size, Set.of(), Set.of(), Set.of(), Set.of(), Set.of(), Set.of());
  }

  static Known of(int size) {
    return size == 2 ? NOTHING_WIDE : NOTHING;
  }

  static Known constant(Object value) {
    int size = value instanceof Long || value instanceof Double ? 2 : 1;
    return of(size).withConstants(Set.of(value));
  }

  static Known context(String prefix) {
    return new Known(1, Set.of(), Set.of(prefix), Set.of(), Set.of(), Set.of(), Set.of());
  }

  static Known contexts(Set<String> prefixes) {
    return new Known(1, Set.of(), prefixes, Set.of(), Set.of(), Set.of(), Set.of());
  }

  static Known maps(Set<String> prefixes) {
    return new Known(1, Set.of(), Set.of(), prefixes, Set.of(), Set.of(), Set.of());
  }

  static Known madeAt(AbstractInsnNode site, String type) {
    Set<String> classes = type == null ? Set.of() : Set.of(type);
    return new Known(1, Set.of(), Set.of(), Set.of(), Set.of(), classes, Set.of(site));
  }

  static Known instance(String type) {
    return new Known(1, Set.of(), Set.of(), Set.of(), Set.of(), Set.of(type), Set.of());
  }

  Known withConstants(Set<Object> more) {
    return new Known(size, more, contexts, maps, origins, classes, sites);
  }

  Known withOrigins(Set<String> keys) {
    return new Known(size, constants, contexts, maps, keys, classes, sites);
  }

  Known resized(int words) {
    return words == size ? this
        : new Known(words, constants, contexts, maps, origins, classes, sites);
  }

  boolean isUnknown() {
    return this.equals(NOTHING) || this.equals(NOTHING_WIDE);
  }

  /** What this and another one may be. */
  Known or(Known other) {
    if (equals(other) || other.isUnknown()) {
      return this;
    }
    if (isUnknown()) {
      return other.resized(size);
    }
    Set<Object> both = union(constants, other.constants);
    return new Known(
        Math.min(size, other.size),
        both.size() > CONSTANTS_MAX ? constants : both,
        union(contexts, other.contexts),
        union(maps, other.maps),
        union(origins, other.origins),
        union(classes, other.classes),
        union(sites, other.sites));
  }

  static <T> Set<T> union(Set<T> one, Set<T> other) {
    if (one.containsAll(other)) {
      return one;
    }
    if (other.containsAll(one)) {
      return other;
    }
    Set<T> both = new LinkedHashSet<>(one);
    both.addAll(other);
    return both;
  }

  /** The texts it may be; ANY if none is known. */
  Set<String> texts() {
    Set<String> texts = new LinkedHashSet<>();
    for (Object constant : constants) {
      texts.add(constant instanceof Named named ? ANY : String.valueOf(constant));
    }
    return texts.isEmpty() ? Set.of(ANY) : texts;
  }

  /** Each start with each end. */
  static Set<String> joined(Set<String> starts, Set<String> ends) {
    Set<String> all = new LinkedHashSet<>();
    for (String start : starts) {
      for (String end : ends) {
        all.add((start + end).replaceAll("\\*+", "*"));
      }
    }
    return all;
  }

  /** A constant as it is written in a conf. */
  static String shown(Object constant) {
    return constant instanceof Named named ? named.name() : String.valueOf(constant);
  }

  @Override
  public int getSize() {
    return size;
  }
}
