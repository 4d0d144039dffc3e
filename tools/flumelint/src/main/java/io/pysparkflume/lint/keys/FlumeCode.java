package io.pysparkflume.lint.keys;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.objectweb.asm.Handle;
import org.objectweb.asm.Opcodes;
import org.objectweb.asm.Type;
import org.objectweb.asm.tree.AbstractInsnNode;
import org.objectweb.asm.tree.ClassNode;
import org.objectweb.asm.tree.FieldInsnNode;
import org.objectweb.asm.tree.InvokeDynamicInsnNode;
import org.objectweb.asm.tree.MethodInsnNode;
import org.objectweb.asm.tree.MethodNode;
import org.objectweb.asm.tree.analysis.Analyzer;
import org.objectweb.asm.tree.analysis.AnalyzerException;

/** Follows one component's Context through its methods and into those that they call. */
final class FlumeCode implements ConfInterpreter.Outside {
  private static final String CONTEXT = "Lorg/apache/flume/Context;";
  private static final String ANY_CONFIGURABLE = "org/apache/flume/conf/Configurable";
  private static final String BEANS = "org/apache/flume/tools/FlumeBeanConfigurator";
  private static final String BEAN_AND_CONTEXT = "(Ljava/lang/Object;" + CONTEXT + ")";
  private static final int PASSES = 3; // a field may be read in a method before the one that sets it
  private static final int DEPTH_MAX = 20;
  private static final int IMPLEMENTATIONS_MAX = 6; // of an interface within Flume, HDFSWriter say

  private record Call(Jars.Method method, List<Known> values) {}

  private final Jars jars;
  private final StaticFields statics;
  private final Findings findings = new Findings();
  private final Sites sites = new Sites();
  private final LibraryCalls library = new LibraryCalls(findings, sites);
  private final Map<Call, Known> done = new HashMap<>();
  private final Set<Call> running = new HashSet<>();

  private FlumeCode(Jars jars, StaticFields statics) {
    this.jars = jars;
    this.statics = statics;
  }

  /** Reads a component: all methods that Flume may call, with the component's own Context. */
  static Findings read(Jars jars, StaticFields statics, String type) {
    FlumeCode code = new FlumeCode(jars, statics);
    for (int pass = 0; pass < PASSES; pass++) {
      code.done.clear();
      code.readMethods(type);
    }
    return code.findings;
  }

  private void readMethods(String type) {
    Set<String> seen = new HashSet<>();
    for (ClassNode node : jars.chain(type)) {
      for (MethodNode method : node.methods) {
        boolean isInner = (method.access & (Opcodes.ACC_PRIVATE | Opcodes.ACC_STATIC)) != 0;
        if (isInner && !method.name.equals("<clinit>") || !seen.add(method.name + method.desc)
            || (method.access & (Opcodes.ACC_ABSTRACT | Opcodes.ACC_BRIDGE)) != 0) {
          continue;
        }
        List<Known> values = new ArrayList<>();
        if (!method.name.equals("<clinit>")) {
          values.add(Known.instance(type));
        }
        for (Type argument : Type.getArgumentTypes(method.desc)) {
          values.add(entryValue(method.name, argument));
        }
        Known returned = run(new Jars.Method(node, method), values);
        if (method.name.equals("getBatchSize") && returned.origins().size() == 1) {
          findings.batchKey = returned.origins().iterator().next();
        }
      }
    }
  }

  private static Known entryValue(String method, Type argument) {
    if (argument.getDescriptor().equals(CONTEXT)) {
      return Known.context("");
    }
    return method.equals("initializeWithConfiguration") // a ConfigFilter gets a Map
        ? Known.maps(Set.of("")) : Known.of(argument.getSize());
  }

  /** What a method returns for these arguments. */
  private Known run(Jars.Method method, List<Known> values) {
    Call call = new Call(method, values);
    Known before = done.get(call);
    if (before != null) {
      return before;
    }
    if (running.size() > DEPTH_MAX || !running.add(call)) {
      return Known.NOTHING;
    }
    Known[] locals = new Known[method.node().maxLocals + 1];
    int local = 0;
    for (Known value : values) {
      locals[local] = value;
      local += value.size();
    }
    ConfInterpreter interpreter = new ConfInterpreter(this, sites, locals);
    try {
      new Analyzer<>(interpreter).analyze(method.owner().name, method.node());
    } catch (AnalyzerException error) {
      throw new IllegalStateException(method + " cannot be read", error);
    } finally {
      running.remove(call);
    }
    Known returned = interpreter.returned();
    done.put(call, returned);
    return returned;
  }

  // ---- calls

  @Override
  public Known call(AbstractInsnNode insn, List<Known> values) {
    if (insn instanceof InvokeDynamicInsnNode dynamic) {
      return callDynamic(dynamic, values);
    }
    if (!(insn instanceof MethodInsnNode call)) {
      return Known.NOTHING; // MULTIANEWARRAY
    }
    int size = Math.max(1, Type.getReturnType(call.desc).getSize());
    if (!Jars.isRead(call.owner) || LibraryCalls.knows(call)) {
      return library.call(call, values).resized(size);
    }
    if (isEnum(call.owner)) {
      if (call.name.equals("valueOf")) {
        return library.enumValue(values.get(0), jars.get(call.owner));
      }
      if (call.name.equals("name") || call.name.equals("toString")) {
        return LibraryCalls.named(values.get(0));
      }
    }
    if (call.owner.equals(BEANS) && call.desc.startsWith(BEAN_AND_CONTEXT)) {
      Beans.read(findings, values.get(0), sites.contextsOf(values.get(1)));
      return Known.NOTHING;
    }
    Known result = Known.NOTHING;
    for (Jars.Method target : targets(call, values)) {
      result = result.or(run(target, withReceiver(call, target, values)));
    }
    if (call.name.equals("<init>") && startsByItself(call.owner)) {
      runAll(call.owner, values.get(0));
    }
    return result.resized(size);
  }

  /** Whether code that is not read calls an object of this class: a thread, or an executor. */
  private boolean startsByItself(String type) {
    ClassNode node = jars.get(type);
    return node != null && (type.matches(".*\\$\\d+")
        || node.interfaces.contains("java/lang/Runnable")
        || node.interfaces.contains("java/util/concurrent/Callable"));
  }

  private void runAll(String type, Known self) {
    for (MethodNode method : jars.get(type).methods) {
      if (!method.name.startsWith("<")
          && (method.access & (Opcodes.ACC_STATIC | Opcodes.ACC_BRIDGE | Opcodes.ACC_ABSTRACT))
              == 0) {
        List<Known> values = new ArrayList<>(List.of(self));
        for (Type argument : Type.getArgumentTypes(method.desc)) {
          values.add(Known.of(argument.getSize()));
        }
        run(new Jars.Method(jars.get(type), method), values);
      }
    }
  }

  private List<Known> withReceiver(MethodInsnNode call, Jars.Method target, List<Known> values) {
    Known self = values.isEmpty() ? Known.NOTHING : values.get(0);
    if (call.getOpcode() == Opcodes.INVOKESTATIC || !self.classes().isEmpty()) {
      return values;
    }
    List<Known> with = new ArrayList<>(values);
    with.set(0, Known.instance(target.owner().name));
    return with;
  }

  private boolean isEnum(String type) {
    ClassNode node = jars.get(type);
    return node != null && (node.access & Opcodes.ACC_ENUM) != 0;
  }

  /** The methods that a call may run; none if it says nothing about keys. */
  private List<Jars.Method> targets(MethodInsnNode call, List<Known> values) {
    List<Jars.Method> found = new ArrayList<>();
    if (call.getOpcode() == Opcodes.INVOKESTATIC || call.getOpcode() == Opcodes.INVOKESPECIAL) {
      add(found, jars.find(call.owner, call.name, call.desc));
      return found;
    }
    Known self = values.get(0);
    for (String type : self.classes()) {
      if (jars.isA(type, call.owner)) {
        add(found, jars.find(type, call.name, call.desc));
      }
    }
    if (!found.isEmpty()) {
      return found;
    }
    Set<String> prefixes = new HashSet<>();
    for (Known value : values.subList(1, values.size())) {
      prefixes.addAll(sites.contextsOf(value));
      prefixes.addAll(sites.mapsOf(value));
    }
    if (Pluggable.isPluggable(call.owner)) {
      prefixes.forEach(prefix -> findings.prefix(prefix).to.add(call.owner.replace('/', '.')));
      return found;
    }
    List<String> types = jars.concrete(call.owner);
    if (call.owner.startsWith(ANY_CONFIGURABLE)) {
      return found; // of a part whose class the conf names; its other methods say what it is
    }
    if (types.size() > IMPLEMENTATIONS_MAX) {
      prefixes.forEach(prefix -> {
        findings.prefix(prefix).passedOn = true;
        findings.notRead.add(call.owner + "." + call.name + " gets " + prefix);
      });
      return found;
    }
    types.forEach(type -> add(found, jars.find(type, call.name, call.desc)));
    return found;
  }

  private static void add(List<Jars.Method> found, Jars.Method method) {
    if (method != null && !found.contains(method)) {
      found.add(method);
    }
  }

  /** A lambda's body is read at once; a joined text is joined. */
  private Known callDynamic(InvokeDynamicInsnNode dynamic, List<Known> values) {
    if (dynamic.bsm.getName().equals("makeConcatWithConstants")) {
      return library.join((String) dynamic.bsmArgs[0], values);
    }
    for (Object argument : dynamic.bsmArgs) {
      if (argument instanceof Handle handle && Jars.isRead(handle.getOwner())) {
        Jars.Method body = jars.find(handle.getOwner(), handle.getName(), handle.getDesc());
        if (body != null) {
          run(body, lambdaValues(body, values));
        }
      }
    }
    return Known.NOTHING;
  }

  /** What a lambda holds, and nothing known of what it will be given. */
  private static List<Known> lambdaValues(Jars.Method body, List<Known> held) {
    List<Known> values = new ArrayList<>(held);
    boolean isStatic = (body.node().access & Opcodes.ACC_STATIC) != 0;
    if (!isStatic && values.isEmpty()) {
      values.add(Known.instance(body.owner().name));
    }
    Type[] types = Type.getArgumentTypes(body.node().desc);
    for (int i = values.size() - (isStatic ? 0 : 1); i < types.length; i++) {
      values.add(Known.of(types[i].getSize()));
    }
    return values;
  }

  // ---- fields

  @Override
  public Known readField(FieldInsnNode field) {
    if (field.getOpcode() == Opcodes.GETSTATIC) {
      Known fixed = statics.value(field.owner, field.name, sites);
      if (fixed != null) {
        return fixed;
      }
    }
    return sites.field(jars.declared(field.owner, field.name)).resized(Type.getType(field.desc).getSize());
  }

  @Override
  public void writeField(FieldInsnNode field, Known value) {
    sites.putField(jars.declared(field.owner, field.name), value);
  }

  @Override
  public void meet(Known one, Known other) {
    findings.addFallback(one, other);
    findings.addFallback(other, one);
  }

  @Override
  public void mustHave(Known value) {
    findings.require(value);
  }
}
