package io.pysparkflume.lint.keys;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.objectweb.asm.Opcodes;
import org.objectweb.asm.tree.MethodInsnNode;

/** What calls on a Map or Properties mean that was made of a Context, and to whom it is given. */
final class MapCalls {
  /** Calls that walk through a map: what they return still stands for the map. */
  private static final Set<String> STEPS =
      Set.of("entrySet", "keySet", "values", "iterator", "next", "getKey", "getValue");
  private static final Set<String> LOOKS =
      Set.of("get", "getProperty", "containsKey", "remove", "getOrDefault");
  private static final Set<String> PUTS = Set.of("put", "setProperty", "putAll");

  private final Findings findings;
  private final Sites sites;

  MapCalls(Findings findings, Sites sites) {
    this.findings = findings;
    this.sites = sites;
  }

  Known call(MethodInsnNode call, List<Known> values) {
    boolean isStatic = call.getOpcode() == Opcodes.INVOKESTATIC;
    Known self = isStatic || values.isEmpty() ? Known.NOTHING : values.get(0);
    List<Known> given = isStatic || values.isEmpty() ? values : values.subList(1, values.size());
    Set<String> maps = sites.mapsOf(self);
    if (!maps.isEmpty() && LOOKS.contains(call.name) && !given.isEmpty()) {
      return look(maps, given);
    }
    if (!maps.isEmpty() && STEPS.contains(call.name)) {
      return Known.maps(maps);
    }
    Set<String> givenMaps = new LinkedHashSet<>();
    Set<String> all = new LinkedHashSet<>();
    for (Known value : given) {
      givenMaps.addAll(sites.mapsOf(value));
      all.addAll(sites.contextsOf(value));
    }
    if (call.name.equals("copyOf")) {
      return Known.maps(givenMaps);
    }
    boolean isHolder = call.owner.endsWith("Map") || call.owner.endsWith("Properties");
    if (isHolder && (PUTS.contains(call.name) || call.name.equals("<init>"))) {
      sites.put(self, Known.maps(givenMaps)); // a copy
      return Known.NOTHING;
    }
    all.addAll(givenMaps);
    if (!isQuiet(call.owner)) {
      all.forEach(prefix -> {
        findings.prefix(prefix).passedOn = true;
        findings.notRead.add(call.owner + "." + call.name + " gets all of '" + prefix + "'");
      });
    }
    return call.owner.equals("java/util/Arrays") ? values.get(values.size() - 1) : Known.NOTHING;
  }

  private Known look(Set<String> maps, List<Known> given) {
    Set<String> keys = Known.joined(maps, given.get(0).texts());
    for (String key : keys) {
      Findings.Key its = findings.key(key);
      its.types.add("string");
      if (given.size() > 1) {
        given.get(1).constants().forEach(value -> its.defaults.add(Known.shown(value)));
      }
    }
    return Known.NOTHING.withOrigins(keys);
  }

  /** Calls that read no key: logging, texts, and containers of Java's own. */
  private static boolean isQuiet(String owner) {
    return owner.contains("/slf4j/") || owner.contains("/log4j/")
        || owner.startsWith("java/lang/") || owner.startsWith("java/util/");
  }
}
