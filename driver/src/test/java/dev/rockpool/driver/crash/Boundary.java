package dev.rockpool.driver.crash;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassHierarchyResolver;
import java.lang.classfile.ClassTransform;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.CodeElement;
import java.lang.classfile.instruction.InvokeInstruction;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.lang.constant.MethodTypeDesc;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.ValueLayout;
import java.lang.instrument.ClassFileTransformer;
import java.lang.instrument.Instrumentation;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.ProtectionDomain;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * A Java agent: in the program's own classes it finds every call that changes something on disk or
 * in the kernel, and puts a boundary behind it: before the next one nothing changes any more. While
 * it is armed the boundaries that threads come to are counted, and at a given one the process is
 * killed. So a step that is new in the program is covered by itself.
 *
 * <p>It is told what to do by files in a directory, its argument: {@code arm} holds the number of
 * the fatal boundary, 0 = none; {@code disarm} ends it, and is answered by {@code count}.
 */
@SuppressWarnings("restricted") // the launcher allows it: --enable-native-access
public final class Boundary {
  private static final String OWN = "dev/rockpool/";
  private static final Set<String> ROOMS = Set.of("storage", "node");
  // They change nothing; Descriptor does, but its calls are where it is called.
  private static final Set<String> READERS =
      Set.of("Descriptor", "FileSpace", "FilesystemSpace", "ExtentMap", "DiskAddresses");

  private static final Map<String, Set<String>> CHANGES =
      Map.of(
          "java/nio/file/Files",
          Set.of(
              "move",
              "delete",
              "deleteIfExists",
              "createFile",
              "createDirectory",
              "createDirectories",
              "write",
              "writeString"),
          "java/nio/channels/FileChannel",
          Set.of("write", "force", "truncate", "transferTo", "tryLock"),
          "java/io/RandomAccessFile",
          Set.of("setLength"),
          "dev/rockpool/storage/host/Host",
          Set.of("run"),
          "dev/rockpool/storage/host/Descriptor",
          Set.of("ioctl", "sync", "syncFilesystem", "unshare"),
          // Every other system call of the C library.
          "java/lang/invoke/MethodHandle",
          Set.of("invokeExact"));

  private static final int SIGKILL = 9;
  private static final MethodHandle RAISE =
      Linker.nativeLinker()
          .downcallHandle(
              Linker.nativeLinker().defaultLookup().findOrThrow("raise"),
              FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT));

  private static final AtomicInteger passed = new AtomicInteger();
  private static volatile boolean armed;
  private static volatile int fatal;

  private Boundary() {}

  /** Called by the Java machine before the program's main method. */
  public static void premain(String directory, Instrumentation instrumentation) {
    instrumentation.addTransformer(new Marking());
    Thread.ofPlatform().daemon().name("boundary").start(() -> obey(Path.of(directory)));
  }

  /** A boundary; calls of this are what is put into the program's classes. */
  public static void at() {
    if (armed && passed.incrementAndGet() == fatal) {
      die();
    }
  }

  private static void die() {
    try {
      var _ = (int) RAISE.invokeExact(SIGKILL);
    } catch (Throwable e) {
      throw new IllegalStateException("raise(3) throws nothing", e);
    }
  }

  private static void obey(Path directory) {
    try {
      while (true) {
        Path arm = directory.resolve("arm");
        if (Files.exists(arm)) {
          fatal = Integer.parseInt(Files.readString(arm));
          passed.set(0);
          armed = true;
          Files.delete(arm);
        }
        Path disarm = directory.resolve("disarm");
        if (Files.exists(disarm)) {
          armed = false;
          Path count = directory.resolve("count.tmp");
          Files.writeString(count, "" + passed.get());
          Files.move(count, directory.resolve("count"));
          Files.delete(disarm);
        }
        LockSupport.parkNanos(500_000);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static final class Marking implements ClassFileTransformer {
    private static final ClassDesc BOUNDARY = ClassDesc.of(Boundary.class.getName());
    private static final MethodTypeDesc NOTHING = MethodTypeDesc.of(ConstantDescs.CD_void);

    @Override
    public byte @Nullable [] transform(
        @Nullable ClassLoader loader,
        String name,
        @Nullable Class<?> redefined,
        @Nullable ProtectionDomain domain,
        byte[] bytes) {
      if (!changes(name)) {
        return null;
      }
      try {
        ClassFile file =
            ClassFile.of(
                ClassFile.ClassHierarchyResolverOption.of(
                    ClassHierarchyResolver.ofResourceParsing(loader)
                        .orElse(ClassHierarchyResolver.defaultResolver())));
        return file.transformClass(
            file.parse(bytes), ClassTransform.transformingMethodBodies(Marking::mark));
      } catch (RuntimeException | Error e) {
        // Else the Java machine would go on with the class as it is, and say nothing.
        System.err.println("no boundaries in " + name + ": " + e);
        Runtime.getRuntime().halt(99);
        return null;
      }
    }

    private static boolean changes(String name) {
      if (!name.startsWith(OWN)) {
        return false;
      }
      String[] parts = name.substring(OWN.length()).split("/", -1);
      String simple = parts[parts.length - 1].split("\\$", -1)[0];
      return ROOMS.contains(parts[0]) && !READERS.contains(simple);
    }

    private static void mark(CodeBuilder code, CodeElement element) {
      boolean change =
          element instanceof InvokeInstruction call
              && CHANGES
                  .getOrDefault(call.owner().asInternalName(), Set.of())
                  .contains(call.name().stringValue());
      code.with(element);
      if (change) {
        code.invokestatic(BOUNDARY, "at", NOTHING);
      }
    }
  }
}
