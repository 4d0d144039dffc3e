package io.pysparkflume.lint.keys;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.objectweb.asm.Opcodes;
import org.objectweb.asm.tree.ClassNode;
import org.objectweb.asm.tree.FieldNode;
import org.objectweb.asm.tree.MethodInsnNode;

/** What calls of Java's classes, of libraries and of Flume's Context mean for keys. */
final class LibraryCalls {
  private static final String CONTEXT = "org/apache/flume/Context";
  private static final String CONFIGURABLES = "org/apache/flume/conf/Configurables";
  /** Calls that return their argument, or one like it, by class and name. */
  private static final Set<String> SAME = Set.of(
      "java/lang/String.trim", "java/lang/String.toString", "java/lang/String.intern",
      "java/lang/String.valueOf", "java/lang/Object.toString", "java/util/Objects.requireNonNull",
      "java/lang/Integer.intValue", "java/lang/Long.longValue", "java/lang/Boolean.booleanValue",
      "java/lang/Float.floatValue", "java/lang/Double.doubleValue", "java/lang/Integer.longValue",
      "java/lang/Long.intValue", "java/lang/Integer.toString", "java/lang/Long.toString",
      "com/google/common/base/Preconditions.checkNotNull",
      "org/apache/commons/lang3/StringUtils.trim", "org/apache/commons/lang/StringUtils.trim");
  /** What a text is when it is given to this call. */
  private static final Map<String, String> PARSERS = Map.ofEntries(
      Map.entry("java/lang/Integer.parseInt", "int"), Map.entry("java/lang/Integer.valueOf", "int"),
      Map.entry("java/lang/Integer.<init>", "int"), Map.entry("java/lang/Long.parseLong", "long"),
      Map.entry("java/lang/Long.valueOf", "long"), Map.entry("java/lang/Long.<init>", "long"),
      Map.entry("java/lang/Boolean.parseBoolean", "boolean"),
      Map.entry("java/lang/Boolean.valueOf", "boolean"),
      Map.entry("java/lang/Float.parseFloat", "float"),
      Map.entry("java/lang/Double.parseDouble", "double"),
      Map.entry("java/nio/charset/Charset.forName", "charset"),
      Map.entry("java/util/regex/Pattern.compile", "regex"),
      Map.entry("java/util/TimeZone.getTimeZone", "time zone"),
      Map.entry("java/lang/Class.forName", "class"), Map.entry("java/io/File.<init>", "path"),
      Map.entry("java/nio/file/Paths.get", "path"), Map.entry("java/net/URL.<init>", "url"));
  private static final Set<String> BOXES =
      Set.of("java/lang/Integer", "java/lang/Long", "java/lang/Float", "java/lang/Double");
  private static final String BY_TEXT = "(Ljava/lang/String;";

  private final Findings findings;
  private final Sites sites;
  private final MapCalls maps;

  LibraryCalls(Findings findings, Sites sites) {
    this.findings = findings;
    this.sites = sites;
    this.maps = new MapCalls(findings, sites);
  }

  /** Whether a class of Flume's own is handled here. */
  static boolean knows(MethodInsnNode call) {
    return call.owner.equals(CONTEXT)
        || call.owner.equals(CONFIGURABLES) && call.name.startsWith("ensure");
  }

  Known call(MethodInsnNode call, List<Known> values) {
    String name = call.owner + "." + call.name;
    boolean isStatic = call.getOpcode() == Opcodes.INVOKESTATIC;
    Known first = values.isEmpty() ? Known.NOTHING : values.get(0);
    Known second = values.size() < 2 ? Known.NOTHING : values.get(1);
    if (call.owner.equals(CONTEXT)) {
      return callContext(call, values);
    }
    if (call.owner.equals(CONFIGURABLES)) {
      ensure(call.name.equals("ensureRequiredNonNull"), first, second);
      return Known.NOTHING;
    }
    if (PARSERS.containsKey(name) && call.desc.startsWith(BY_TEXT)) {
      Known text = isStatic ? first : second;
      text.origins().forEach(key -> findings.key(key).types.add(PARSERS.get(name)));
      return text.withConstants(Set.of());
    }
    if (name.equals("java/lang/Boolean.valueOf")) {
      return first.withConstants(booleans(first));
    }
    if (call.name.equals("<init>") && BOXES.contains(call.owner)) {
      sites.put(first, second.resized(1));
      return Known.NOTHING;
    }
    if (name.equals("java/util/Optional.orElse")) {
      return first.or(second);
    }
    if (call.name.equals("checkNotNull")) {
      findings.require(first);
    }
    if (call.name.equals("isEmpty") || call.name.equals("isBlank")
        || call.name.equals("isNullOrEmpty")) {
      return first.origins().isEmpty() ? Known.NOTHING
          : Known.NOTHING.withOrigins(first.origins()).withConstants(Set.of(Known.IS_EMPTY));
    }
    if (SAME.contains(name) || call.name.equals("valueOf") && isStatic && values.size() == 1) {
      return first;
    }
    Known text = callText(call, name, first, second);
    return text != null ? text : maps.call(call, values);
  }

  private static Set<Object> booleans(Known value) {
    Set<Object> texts = new LinkedHashSet<>();
    for (Object constant : value.constants()) {
      texts.add(constant.equals(0) ? "false" : constant.equals(1) ? "true" : constant);
    }
    return texts;
  }

  // ---- Context

  private Known callContext(MethodInsnNode call, List<Known> values) {
    Known self = values.get(0);
    Set<String> prefixes = sites.contextsOf(self);
    Known first = values.size() < 2 ? Known.NOTHING : values.get(1);
    switch (call.name) {
      case "<init>" -> {
        sites.put(self, Known.contexts(sites.mapsOf(first)));
        return Known.NOTHING;
      }
      case "putAll" -> {
        sites.put(self, Known.contexts(sites.mapsOf(first)));
        return Known.NOTHING;
      }
      case "getParameters" -> {
        return Known.maps(prefixes);
      }
      case "getSubProperties" -> {
        Set<String> subs = Known.joined(prefixes, first.texts());
        subs.forEach(findings::prefix);
        return Known.maps(subs);
      }
      case "put" -> {
        rename(values.get(2).origins(), Known.joined(prefixes, first.texts()));
        return Known.NOTHING;
      }
      default -> { }
    }
    if (!call.name.startsWith("get") && !call.name.equals("containsKey")) {
      return Known.NOTHING;
    }
    if (prefixes.isEmpty()) {
      findings.notRead.add("a Context that is not followed: " + call.name + " " + first.texts());
      return Known.NOTHING;
    }
    Set<String> keys = Known.joined(prefixes, first.texts());
    for (String key : keys) {
      Findings.Key its = findings.key(key);
      if (call.name.startsWith("get")) {
        its.types.add(call.name.substring(3).toLowerCase(Locale.ROOT).replace("integer", "int"));
      }
      if (values.size() > 2) {
        values.get(2).or(sites.content(values.get(2))).constants()
            .forEach(value -> its.defaults.add(Known.shown(value)));
      }
    }
    return Known.NOTHING.withOrigins(keys);
  }

  private void rename(Set<String> olds, Set<String> news) {
    for (String old : olds) {
      for (String key : news) {
        if (!old.equals(key) && !old.contains(Known.ANY) && !key.contains(Known.ANY)) {
          findings.renames.put(old, key);
        }
      }
    }
  }

  private void ensure(boolean required, Known context, Known names) {
    for (String key : Known.joined(sites.contextsOf(context), sites.content(names).texts())) {
      if (!key.endsWith(Known.ANY)) {
        findings.key(key).required |= required;
      }
    }
  }

  // ---- texts and enums

  /** The value of an enum by its name, which is one of the enum's. */
  Known enumValue(Known text, ClassNode type) {
    for (String key : text.origins()) {
      Findings.Key its = findings.key(key);
      its.types.add("enum");
      for (FieldNode field : type.fields) {
        if ((field.access & Opcodes.ACC_ENUM) != 0) {
          its.values.add(field.name);
        }
      }
    }
    return Known.NOTHING.withOrigins(text.origins());
  }

  /** The text that Java's own joining of texts makes; \1 in the recipe is a value. */
  Known join(String recipe, List<Known> values) {
    Set<String> texts = Set.of("");
    int next = 0;
    for (char letter : recipe.toCharArray()) {
      texts = Known.joined(texts,
          letter == '\1' ? values.get(next++).texts() : Set.of(String.valueOf(letter)));
    }
    return Known.NOTHING.withConstants(Set.copyOf(texts));
  }

  private Known callText(MethodInsnNode call, String name, Known first, Known second) {
    switch (name) {
      case "java/lang/StringBuilder.<init>", "java/lang/StringBuffer.<init>" -> {
        sites.put(first, Known.constant("")
            .withConstants(Set.copyOf(second.isUnknown() ? Set.of("") : second.texts())));
        return Known.NOTHING;
      }
      case "java/lang/StringBuilder.append", "java/lang/StringBuffer.append" -> {
        Set<String> start = first.constants().isEmpty()
            ? sites.content(first).texts() : first.texts();
        return Known.NOTHING.withConstants(Set.copyOf(Known.joined(start, second.texts())));
      }
      case "java/lang/StringBuilder.toString", "java/lang/StringBuffer.toString",
          "java/lang/String.concat" -> {
        return call.name.equals("concat")
            ? Known.NOTHING.withConstants(Set.copyOf(Known.joined(first.texts(), second.texts())))
            : first.constants().isEmpty() ? sites.content(first) : first;
      }
      case "java/lang/String.toLowerCase", "java/lang/String.toUpperCase" -> {
        return first.withConstants(Set.of());
      }
      case "java/lang/String.equals", "java/lang/String.equalsIgnoreCase" -> {
        compare(first, second);
        compare(second, first);
        return Known.NOTHING;
      }
      case "java/lang/String.split" -> {
        first.origins().forEach(key -> findings.key(key).types.add("list"));
        return Known.NOTHING.withOrigins(first.origins());
      }
      case "java/lang/Enum.name", "java/lang/Enum.toString", "java/nio/charset/Charset.name" -> {
        return named(first);
      }
      default -> {
        boolean isName = call.name.equals("name") || call.name.equals("toString");
        return isName && first.constants().stream().anyMatch(Known.Named.class::isInstance)
            ? named(first) : null;
      }
    }
  }

  static Known named(Known value) {
    Set<Object> names = new LinkedHashSet<>();
    value.constants().forEach(constant -> names.add(Known.shown(constant)));
    return value.withConstants(names);
  }

  private void compare(Known read, Known constant) {
    for (String key : read.origins()) {
      constant.constants().forEach(value -> findings.key(key).values.add(Known.shown(value)));
    }
  }
}
