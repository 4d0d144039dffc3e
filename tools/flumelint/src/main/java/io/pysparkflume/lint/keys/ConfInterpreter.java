package io.pysparkflume.lint.keys;

import java.util.List;
import org.objectweb.asm.Opcodes;
import org.objectweb.asm.Type;
import org.objectweb.asm.tree.AbstractInsnNode;
import org.objectweb.asm.tree.FieldInsnNode;
import org.objectweb.asm.tree.IntInsnNode;
import org.objectweb.asm.tree.JumpInsnNode;
import org.objectweb.asm.tree.LdcInsnNode;
import org.objectweb.asm.tree.TypeInsnNode;
import org.objectweb.asm.tree.analysis.Interpreter;

/**
 * Follows the values of one method from instruction to instruction.
 *
 * <p>ASM's Analyzer calls it for each instruction until nothing new is learnt.
 */
final class ConfInterpreter extends Interpreter<Known> {
  /** What happens at a call or at a field. */
  interface Outside {
    Known call(AbstractInsnNode call, List<Known> values);

    Known readField(FieldInsnNode field);

    void writeField(FieldInsnNode field, Known value);

    /** A variable has the one value or the other, after two ways to this place. */
    void meet(Known one, Known other);

    /** The code throws if this value is missing. */
    void mustHave(Known value);
  }

  private final Outside outside;
  private final Sites sites;
  private final Known[] arguments; // by the number of the local variable
  private Known returned = Known.NOTHING;

  ConfInterpreter(Outside outside, Sites sites, Known[] arguments) {
    super(Opcodes.ASM9);
    this.outside = outside;
    this.sites = sites;
    this.arguments = arguments;
  }

  Known returned() {
    return returned;
  }

  @Override
  public Known newValue(Type type) {
    return type == Type.VOID_TYPE ? null : Known.of(type == null ? 1 : type.getSize());
  }

  @Override
  public Known newParameterValue(boolean isInstanceMethod, int local, Type type) {
    return arguments[local] == null ? newValue(type) : arguments[local];
  }

  @Override
  public Known newOperation(AbstractInsnNode insn) {
    int opcode = insn.getOpcode();
    if (opcode >= Opcodes.ICONST_M1 && opcode <= Opcodes.ICONST_5) {
      return Known.constant(opcode - Opcodes.ICONST_0);
    }
    if (opcode == Opcodes.LCONST_0 || opcode == Opcodes.LCONST_1) {
      return Known.constant((long) (opcode - Opcodes.LCONST_0));
    }
    if (opcode >= Opcodes.FCONST_0 && opcode <= Opcodes.FCONST_2) {
      return Known.constant((float) (opcode - Opcodes.FCONST_0));
    }
    if (opcode == Opcodes.DCONST_0 || opcode == Opcodes.DCONST_1) {
      return Known.constant((double) (opcode - Opcodes.DCONST_0));
    }
    return switch (opcode) {
      case Opcodes.BIPUSH, Opcodes.SIPUSH -> Known.constant(((IntInsnNode) insn).operand);
      case Opcodes.LDC -> {
        Object constant = ((LdcInsnNode) insn).cst;
        yield constant instanceof Type type
            ? Known.constant(new Known.Named("class", type.getClassName()))
            : Known.constant(constant);
      }
      case Opcodes.GETSTATIC -> outside.readField((FieldInsnNode) insn);
      case Opcodes.NEW -> Known.madeAt(insn, ((TypeInsnNode) insn).desc);
      default -> Known.NOTHING;
    };
  }

  @Override
  public Known copyOperation(AbstractInsnNode insn, Known value) {
    return value;
  }

  @Override
  public Known unaryOperation(AbstractInsnNode insn, Known value) {
    switch (insn.getOpcode()) {
      case Opcodes.CHECKCAST:
        return value;
      case Opcodes.I2L, Opcodes.F2L, Opcodes.I2D, Opcodes.L2D, Opcodes.F2D:
        return value.resized(2).withConstants(value.constants());
      case Opcodes.L2I, Opcodes.D2I, Opcodes.L2F, Opcodes.D2F:
        return value.resized(1);
      case Opcodes.LNEG, Opcodes.DNEG, Opcodes.D2L:
        return Known.NOTHING_WIDE;
      case Opcodes.GETFIELD: {
        FieldInsnNode field = (FieldInsnNode) insn;
        return outside.readField(field).resized(Type.getType(field.desc).getSize());
      }
      case Opcodes.PUTSTATIC:
        outside.writeField((FieldInsnNode) insn, value);
        return null;
      case Opcodes.IFNULL, Opcodes.IFNONNULL, Opcodes.IFEQ, Opcodes.IFNE: {
        boolean isText = insn.getOpcode() == Opcodes.IFEQ || insn.getOpcode() == Opcodes.IFNE;
        if (isText == value.constants().contains(Known.IS_EMPTY)
            && Refusal.follows((JumpInsnNode) insn)) {
          outside.mustHave(value);
        }
        return null;
      }
      case Opcodes.ANEWARRAY:
        return Known.madeAt(insn, null);
      default:
        return Known.NOTHING;
    }
  }

  @Override
  public Known binaryOperation(AbstractInsnNode insn, Known one, Known other) {
    switch (insn.getOpcode()) {
      case Opcodes.AALOAD:
        return sites.content(one).or(one.origins().isEmpty() ? Known.NOTHING
            : Known.NOTHING.withOrigins(one.origins()));
      case Opcodes.PUTFIELD:
        outside.writeField((FieldInsnNode) insn, other);
        return null;
      case Opcodes.LALOAD, Opcodes.DALOAD, Opcodes.LADD, Opcodes.DADD, Opcodes.LSUB, Opcodes.DSUB,
          Opcodes.LMUL, Opcodes.DMUL, Opcodes.LDIV, Opcodes.DDIV, Opcodes.LREM, Opcodes.DREM,
          Opcodes.LSHL, Opcodes.LSHR, Opcodes.LUSHR, Opcodes.LAND, Opcodes.LOR, Opcodes.LXOR:
        return Known.NOTHING_WIDE;
      default:
        return Known.NOTHING;
    }
  }

  @Override
  public Known ternaryOperation(AbstractInsnNode insn, Known array, Known index, Known value) {
    sites.put(array, value);
    return null;
  }

  @Override
  public Known naryOperation(AbstractInsnNode insn, List<? extends Known> values) {
    return outside.call(insn, List.copyOf(values));
  }

  @Override
  public void returnOperation(AbstractInsnNode insn, Known value, Known expected) {
    returned = returned.or(value);
  }

  @Override
  public Known merge(Known one, Known other) {
    outside.meet(one, other);
    return one.or(other);
  }
}
