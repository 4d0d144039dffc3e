package io.pysparkflume.lint.keys;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.jar.JarFile;
import org.objectweb.asm.ClassReader;
import org.objectweb.asm.Opcodes;
import org.objectweb.asm.tree.ClassNode;
import org.objectweb.asm.tree.FieldNode;
import org.objectweb.asm.tree.MethodNode;

/** The classes of Flume's jars and of our plugins, by internal name. */
final class Jars {
  private static final String[] READ =
      {"org/apache/flume/", "io/pysparkflume/flume/", "org/apache/spark/streaming/flume/"};

  /** A method and the class that declares it. */
  record Method(ClassNode owner, MethodNode node) {
    @Override
    public String toString() {
      return owner.name + "." + node.name + node.desc;
    }
  }

  private final Map<String, ClassNode> classes = new TreeMap<>();
  private final Map<String, List<String>> children = new HashMap<>();

  Jars(List<Path> jars) throws IOException {
    for (Path path : jars) {
      try (JarFile jar = new JarFile(path.toFile())) {
        jar.stream()
            .filter(entry -> entry.getName().endsWith(".class") && isRead(entry.getName()))
            .forEach(entry -> {
              try (InputStream in = jar.getInputStream(entry)) {
                ClassNode node = new ClassNode();
                new ClassReader(in).accept(node, ClassReader.SKIP_DEBUG);
                classes.put(node.name, node);
              } catch (IOException error) {
                throw new UncheckedIOException(error);
              }
            });
      }
    }
    for (ClassNode node : classes.values()) {
      addChild(node.superName, node.name);
      node.interfaces.forEach(parent -> addChild(parent, node.name));
    }
  }

  private void addChild(String parent, String child) {
    children.computeIfAbsent(parent, name -> new ArrayList<>()).add(child);
  }

  /** Whether code of this class is read: Flume's and ours, and no library's. */
  static boolean isRead(String name) {
    for (String prefix : READ) {
      if (name.startsWith(prefix)) {
        return true;
      }
    }
    return false;
  }

  ClassNode get(String name) {
    return classes.get(name);
  }

  /** The class and those above it, as far as they are read. */
  List<ClassNode> chain(String name) {
    List<ClassNode> chain = new ArrayList<>();
    for (ClassNode node = get(name); node != null; node = get(node.superName)) {
      chain.add(node);
    }
    return chain;
  }

  /** The method that a call on an object of this class runs, or null. */
  Method find(String type, String name, String desc) {
    for (ClassNode node : chain(type)) {
      for (MethodNode method : node.methods) {
        if (method.name.equals(name) && method.desc.equals(desc)
            && (method.access & (Opcodes.ACC_ABSTRACT | Opcodes.ACC_NATIVE)) == 0) {
          return new Method(node, method);
        }
      }
    }
    return null;
  }

  /** The classes below a class or interface that can be made, and itself. */
  List<String> concrete(String type) {
    List<String> found = new ArrayList<>();
    ClassNode node = get(type);
    if (node != null && (node.access & (Opcodes.ACC_ABSTRACT | Opcodes.ACC_INTERFACE)) == 0) {
      found.add(type);
    }
    for (String child : children.getOrDefault(type, List.of())) {
      for (String below : concrete(child)) {
        if (!found.contains(below)) {
          found.add(below);
        }
      }
    }
    return found;
  }

  /** Whether a class is of this type, as far as the classes are read. */
  boolean isA(String type, String parent) {
    if (type == null) {
      return false;
    }
    if (type.equals(parent)) {
      return true;
    }
    ClassNode node = get(type);
    return node != null
        && (isA(node.superName, parent)
            || node.interfaces.stream().anyMatch(its -> isA(its, parent)));
  }

  /** A field by the class that declares it. */
  String declared(String owner, String name) {
    for (ClassNode node : chain(owner)) {
      for (FieldNode field : node.fields) {
        if (field.name.equals(name)) {
          return node.name + "." + name;
        }
      }
    }
    return owner + "." + name;
  }
}
