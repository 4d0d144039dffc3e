package io.pysparkflume.lint.keys;

import org.objectweb.asm.Opcodes;
import org.objectweb.asm.tree.AbstractInsnNode;
import org.objectweb.asm.tree.JumpInsnNode;
import org.objectweb.asm.tree.MethodInsnNode;

/** Whether code throws when a value is missing: then its key is required. */
final class Refusal {
  private static final int INSTRUCTIONS_MAX = 80; // making a message and an exception takes fewer

  private Refusal() {}

  /** What a test for null, or for an empty text, leads to if the value is missing. */
  static boolean follows(JumpInsnNode test) {
    boolean jumps = test.getOpcode() == Opcodes.IFNULL || test.getOpcode() == Opcodes.IFNE;
    AbstractInsnNode next = jumps ? test.label : test.getNext();
    boolean isFalse = false; // the condition that Preconditions will check
    for (int i = 0; i < INSTRUCTIONS_MAX && next != null; i++) {
      int opcode = next.getOpcode();
      if (opcode == Opcodes.ICONST_0) {
        isFalse = true;
      } else if (next instanceof MethodInsnNode call) {
        if (call.owner.endsWith("/Preconditions") && call.desc.startsWith("(Z")) {
          return isFalse;
        }
        if (call.name.equals("propagate")) {
          return true;
        }
      } else if (opcode == Opcodes.ATHROW) {
        return true;
      } else if (opcode >= Opcodes.IRETURN && opcode <= Opcodes.RETURN
          || opcode >= Opcodes.ISTORE && opcode <= Opcodes.ASTORE
          || opcode == Opcodes.PUTFIELD || opcode == Opcodes.PUTSTATIC) {
        return false;
      }
      if (opcode == Opcodes.GOTO) {
        next = ((JumpInsnNode) next).label;
      } else if (next instanceof JumpInsnNode) {
        return false;
      }
      next = next.getNext();
    }
    return false;
  }
}
