package dev.rockpool.storage.host;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout.PathElement;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;

/**
 * The system calls for which Java has no method, by way of the C library. Where a call does I/O
 * that may hang, whoever makes it sees to it that nobody waits for ever: see {@link Deadline}.
 */
@SuppressWarnings("restricted") // the launcher allows it: --enable-native-access
final class Kernel {
  private static final Linker LINKER = Linker.nativeLinker();
  private static final StructLayout ERRNO_STATE = Linker.Option.captureStateLayout();
  private static final VarHandle ERRNO = ERRNO_STATE.varHandle(PathElement.groupElement("errno"));
  private static final long MESSAGE_BYTES = 256;

  private static final MethodHandle STRERROR =
      LINKER.downcallHandle(
          LINKER.defaultLookup().findOrThrow("strerror"),
          FunctionDescriptor.of(ValueLayout.ADDRESS, ValueLayout.JAVA_INT));

  private Kernel() {}

  /** A function of the C library that gives -1 and sets errno when it fails. */
  static MethodHandle function(String name, FunctionDescriptor type, Linker.Option... options) {
    Linker.Option[] all = new Linker.Option[options.length + 1];
    System.arraycopy(options, 0, all, 0, options.length);
    all[options.length] = Linker.Option.captureCallState("errno");
    return LINKER.downcallHandle(LINKER.defaultLookup().findOrThrow(name), type, all);
  }

  /** A call of such a function: gets where errno is captured, and memory for arguments. */
  interface Call {
    long run(MemorySegment errno, Arena memory) throws Throwable;
  }

  /**
   * Makes the call.
   *
   * @param what the call is about, for the message
   * @throws KernelException if it gives -1
   */
  static long call(String what, Call call) throws IOException {
    try (Arena memory = Arena.ofConfined()) {
      MemorySegment state = memory.allocate(ERRNO_STATE);
      long result = call.run(state, memory);
      if (result == -1) {
        int errno = (int) ERRNO.get(state, 0L);
        throw new KernelException(what + ": " + message(errno), errno);
      }
      return result;
    } catch (IOException | RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new IllegalStateException("a method handle throws nothing of its own", e);
    }
  }

  private static String message(int errno) throws Throwable {
    MemorySegment text = (MemorySegment) STRERROR.invokeExact(errno);
    return text.reinterpret(MESSAGE_BYTES).getString(0);
  }
}
