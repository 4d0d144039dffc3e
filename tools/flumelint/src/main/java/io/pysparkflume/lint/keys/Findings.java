package io.pysparkflume.lint.keys;

import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/** What was found out about one component; Gson writes it as it is. */
final class Findings {
  /** A key, or a pattern of keys in which {@code *} stands for a name that the user chooses. */
  static final class Key {
    final Set<String> types = new TreeSet<>();
    final Set<String> defaults = new TreeSet<>();
    final Set<String> values = new TreeSet<>(); // what it is compared with, or the enum's names
    final Set<String> fallbacks = new TreeSet<>(); // what a variable has if the key is not set
    boolean required; // without it the component throws
  }

  /** The keys that begin with a prefix. */
  static final class Prefix {
    boolean passedOn; // each of them goes to code that is not read: a library's, say
    final Set<String> to = new TreeSet<>(); // what kinds of parts are configured with them
  }

  final Map<String, Key> keys = new TreeMap<>();
  final Map<String, Prefix> prefixes = new TreeMap<>();
  final Map<String, String> renames = new TreeMap<>(); // old key, new key
  String batchKey; // it holds what getBatchSize returns, which Flume compares with the channel's
  final transient Set<String> notRead = new TreeSet<>(); // places where the reader lost its way

  Key key(String name) {
    return keys.computeIfAbsent(name, its -> new Key());
  }

  /** A value without which the component throws; if it may be one of several, none is required. */
  void require(Known value) {
    if (value.origins().size() == 1) {
      Key key = key(value.origins().iterator().next());
      key.required |= key.defaults.stream().allMatch(String::isEmpty);
    }
  }

  /** A variable that holds a key's value on one way, and a constant on the other. */
  void addFallback(Known read, Known constant) {
    if (read.origins().size() == 1 && read.constants().isEmpty()
        && constant.origins().isEmpty() && constant.constants().size() == 1) {
      String value = Known.shown(constant.constants().iterator().next());
      key(read.origins().iterator().next()).fallbacks.add(value);
    }
  }

  Prefix prefix(String name) {
    return prefixes.computeIfAbsent(name, its -> new Prefix());
  }
}
