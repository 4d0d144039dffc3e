package io.pysparkflume.lint.keys;

import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.nio.charset.Charset;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import org.objectweb.asm.tree.AbstractInsnNode;
import org.objectweb.asm.tree.LabelNode;

/** The values of static fields, as the classes themselves set them. */
final class StaticFields {
  private final Map<String, AbstractInsnNode> arrays = new HashMap<>();

  /** A field's value, or null if it says nothing or its class cannot be loaded. */
  Known value(String owner, String name, Sites sites) {
    Object value;
    try {
      Field field = field(Class.forName(owner.replace('/', '.')), name);
      if (field == null || !Modifier.isStatic(field.getModifiers())) {
        return null;
      }
      field.setAccessible(true);
      value = field.get(null);
    } catch (ReflectiveOperationException | RuntimeException | LinkageError error) {
      return null; // a class of a component whose jars are not there, or one of Java's own
    }
    if (value instanceof String || value instanceof Number) {
      return Known.constant(value);
    }
    if (value instanceof Boolean || value instanceof Character) {
      return Known.constant(value.toString());
    }
    if (value instanceof Enum<?> named) {
      return Known.constant(new Known.Named(named.getDeclaringClass().getName(), named.name()));
    }
    if (value instanceof Charset charset) {
      return Known.constant(new Known.Named("charset", charset.name()));
    }
    Collection<?> elements = value instanceof Object[] array ? Arrays.asList(array)
        : value instanceof Collection<?> collection ? collection : null;
    if (elements == null) {
      return null;
    }
    AbstractInsnNode site = arrays.computeIfAbsent(owner + "." + name, its -> new LabelNode());
    Known made = Known.madeAt(site, null);
    for (Object element : elements) {
      if (element instanceof String) {
        sites.put(made, Known.constant(element));
      }
    }
    return made;
  }

  private static Field field(Class<?> type, String name) {
    for (Class<?> its = type; its != null; its = its.getSuperclass()) {
      for (Field field : its.getDeclaredFields()) {
        if (field.getName().equals(name)) {
          return field;
        }
      }
      for (Class<?> parent : its.getInterfaces()) {
        Field field = field(parent, name);
        if (field != null) {
          return field;
        }
      }
    }
    return null;
  }
}
