package dev.rockpool.storage.host;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;
import java.util.OptionalLong;

/** An open file, directory or device, for what Java's channels can't do with one. */
public final class Descriptor implements AutoCloseable {
  private static final int O_RDONLY = 0;
  private static final int O_RDWR = 2;
  private static final int O_CLOEXEC = 0x80000;
  // linux/falloc.h.
  private static final int FALLOC_FL_UNSHARE_RANGE = 0x40;
  private static final int SEEK_DATA = 3;
  private static final int SEEK_HOLE = 4;
  // asm-generic/fcntl.h, where a long has 64 bits.
  private static final int F_GETLK = 5;
  private static final short F_RDLCK = 0;
  private static final short F_WRLCK = 1;
  private static final long FLOCK_BYTES = 32;

  private static final MethodHandle FCNTL =
      Kernel.function(
          "fcntl",
          FunctionDescriptor.of(
              ValueLayout.JAVA_INT,
              ValueLayout.JAVA_INT,
              ValueLayout.JAVA_INT,
              ValueLayout.ADDRESS),
          Linker.Option.firstVariadicArg(2));
  private static final MethodHandle OPEN =
      Kernel.function(
          "open",
          FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.JAVA_INT),
          Linker.Option.firstVariadicArg(2));
  private static final MethodHandle CLOSE =
      Kernel.function("close", FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT));
  private static final MethodHandle FSYNC =
      Kernel.function("fsync", FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT));
  private static final MethodHandle SYNCFS =
      Kernel.function("syncfs", FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT));
  private static final MethodHandle FALLOCATE =
      Kernel.function(
          "fallocate",
          FunctionDescriptor.of(
              ValueLayout.JAVA_INT,
              ValueLayout.JAVA_INT,
              ValueLayout.JAVA_INT,
              ValueLayout.JAVA_LONG,
              ValueLayout.JAVA_LONG));
  private static final MethodHandle LSEEK =
      Kernel.function(
          "lseek",
          FunctionDescriptor.of(
              ValueLayout.JAVA_LONG,
              ValueLayout.JAVA_INT,
              ValueLayout.JAVA_LONG,
              ValueLayout.JAVA_INT));
  private static final MethodHandle IOCTL_NUMBER =
      Kernel.function(
          "ioctl",
          FunctionDescriptor.of(
              ValueLayout.JAVA_INT,
              ValueLayout.JAVA_INT,
              ValueLayout.JAVA_LONG,
              ValueLayout.JAVA_LONG),
          Linker.Option.firstVariadicArg(2));
  private static final MethodHandle IOCTL_MEMORY =
      Kernel.function(
          "ioctl",
          FunctionDescriptor.of(
              ValueLayout.JAVA_INT,
              ValueLayout.JAVA_INT,
              ValueLayout.JAVA_LONG,
              ValueLayout.ADDRESS),
          Linker.Option.firstVariadicArg(2));

  private final Path path;
  private final int number;
  private boolean open = true;

  private Descriptor(Path path, int number) {
    this.path = path;
    this.number = number;
  }

  public static Descriptor forReading(Path path) throws IOException {
    return open(path, O_RDONLY);
  }

  public static Descriptor forWriting(Path path) throws IOException {
    return open(path, O_RDWR);
  }

  private static Descriptor open(Path path, int flags) throws IOException {
    long number =
        Kernel.call(
            "open " + path,
            (errno, memory) ->
                (int)
                    OPEN.invokeExact(
                        errno, memory.allocateFrom(path.toString()), flags | O_CLOEXEC));
    return new Descriptor(path, (int) number);
  }

  /** The number that the kernel knows it by, while it is open. */
  int number() {
    return number;
  }

  /**
   * ioctl(2) with a number.
   *
   * @param name of the request, for the message
   */
  long ioctl(String name, long request, long argument) throws IOException {
    return Kernel.call(
        name + " " + path,
        (errno, _) -> (int) IOCTL_NUMBER.invokeExact(errno, number, request, argument));
  }

  /**
   * ioctl(2) with a structure, which it may change.
   *
   * @param name of the request, for the message
   */
  long ioctl(String name, long request, MemorySegment argument) throws IOException {
    return Kernel.call(
        name + " " + path,
        (errno, _) -> (int) IOCTL_MEMORY.invokeExact(errno, number, request, argument));
  }

  /** Where the next data is at or after the offset; empty if there is none. */
  public OptionalLong nextData(long offset) throws IOException {
    return seek(offset, SEEK_DATA);
  }

  /** Where the next hole is at or after the offset, the end of the file being one. */
  public OptionalLong nextHole(long offset) throws IOException {
    return seek(offset, SEEK_HOLE);
  }

  private OptionalLong seek(long offset, int whence) throws IOException {
    try {
      return OptionalLong.of(
          Kernel.call(
              "lseek " + path,
              (errno, _) -> (long) LSEEK.invokeExact(errno, number, offset, whence)));
    } catch (KernelException e) {
      if (e.errno() == KernelException.ENXIO) {
        return OptionalLong.empty();
      }
      throw e;
    }
  }

  /**
   * Gives the file blocks of its own for its first bytes, where it shares them with other files.
   *
   * @return false if its filesystem can't do that
   */
  public boolean unshare(long bytes) throws IOException {
    try {
      Kernel.call(
          "fallocate " + path,
          (errno, _) ->
              (int) FALLOCATE.invokeExact(errno, number, FALLOC_FL_UNSHARE_RANGE, 0L, bytes));
      return true;
    } catch (KernelException e) {
      if (e.errno() == KernelException.EOPNOTSUPP) {
        return false;
      }
      throw e;
    }
  }

  /**
   * How other processes have locked the file, or a part of it; on a shared filesystem those of
   * other nodes too. Nothing is locked to find out. Closing this drops what this process has locked
   * of it.
   */
  public LockState lockOfOthers() throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      // Zeros: from the beginning of the file to wherever its end will be.
      MemorySegment lock = arena.allocate(FLOCK_BYTES, Long.BYTES);
      lock.set(ValueLayout.JAVA_SHORT, 0, F_WRLCK);
      Kernel.call(
          "fcntl " + path, (errno, _) -> (int) FCNTL.invokeExact(errno, number, F_GETLK, lock));
      return switch (lock.get(ValueLayout.JAVA_SHORT, 0)) {
        case F_RDLCK -> LockState.SHARED;
        case F_WRLCK -> LockState.EXCLUSIVE;
        default -> LockState.FREE;
      };
    }
  }

  /** Makes lasting what was written, through whichever descriptor. */
  public void sync() throws IOException {
    Kernel.call("fsync " + path, (errno, _) -> (int) FSYNC.invokeExact(errno, number));
  }

  /** Makes lasting all that was written to the filesystem that this is on. */
  public void syncFilesystem() throws IOException {
    Kernel.call("syncfs " + path, (errno, _) -> (int) SYNCFS.invokeExact(errno, number));
  }

  @Override
  public void close() throws IOException {
    if (open) {
      open = false;
      Kernel.call("close " + path, (errno, _) -> (int) CLOSE.invokeExact(errno, number));
    }
  }
}
