package dev.rockpool.driver.crash;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import dev.rockpool.storage.host.Command;
import dev.rockpool.storage.host.ExecHost;
import java.io.IOException;
import java.io.InputStream;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassHierarchyResolver;
import java.lang.classfile.ClassTransform;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.CodeElement;
import java.lang.classfile.instruction.InvokeInstruction;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.lang.constant.MethodTypeDesc;
import java.net.URI;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

/**
 * A copy of the built program in which there is a {@link Boundary} behind every call that changes
 * something on disk or in the kernel: before the next one nothing changes any more. The calls are
 * found in the program's classes, so that a step that is new in them is covered by itself.
 */
final class MarkedProgram {
  private static final ExecHost HOST = new ExecHost((_, _, _) -> {});
  private static final Duration LIMIT = Duration.ofMinutes(2);
  private static final ClassDesc BOUNDARY = ClassDesc.of(Boundary.class.getName());
  private static final MethodTypeDesc NOTHING = MethodTypeDesc.of(ConstantDescs.CD_void);
  private static final String OWN = Boundary.class.getName().replace('.', '/') + ".class";

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

  private MarkedProgram() {}

  /**
   * Makes the copy.
   *
   * @param distribution the built program's directory
   * @param copy the directory of the copy, which is made
   */
  static void make(Path distribution, Path copy) throws IOException {
    HOST.run(Command.of("cp", "-a", distribution.toString(), copy.toString()));
    int marked = 0;
    for (String room : List.of("storage", "node")) {
      try (Stream<Path> jars = Files.list(copy.resolve("lib"))) {
        Path jar =
            jars.filter(file -> file.getFileName().toString().startsWith("rockpool-" + room))
                .findFirst()
                .orElseThrow();
        marked += mark(jar, room.equals("storage"));
      }
    }
    assertThat(marked).as("classes with boundaries").isGreaterThan(10);
    // With it a start takes a fraction of a second, and there are hundreds.
    HOST.run(Command.of(copy.resolve("bin/rockpool-prepare").toString()).within(LIMIT));
  }

  private static int mark(Path jar, boolean addBoundary) throws IOException {
    int marked = 0;
    try (FileSystem open = FileSystems.newFileSystem(URI.create("jar:" + jar.toUri()), Map.of());
        Stream<Path> files = Files.walk(open.getPath("/"))) {
      for (Path file : files.filter(name -> name.toString().endsWith(".class")).toList()) {
        String simple = file.getFileName().toString().split("[.$]", -1)[0];
        byte[] bytes = Files.readAllBytes(file);
        byte[] changed = READERS.contains(simple) ? bytes : mark(bytes);
        if (changed.length != bytes.length) {
          Files.write(file, changed);
          marked++;
        }
      }
      if (addBoundary) {
        Path own = open.getPath("/" + OWN);
        Files.createDirectories(own.resolveSibling("."));
        try (InputStream in = Boundary.class.getClassLoader().getResourceAsStream(OWN)) {
          Files.write(own, requireNonNull(in).readAllBytes());
        }
      }
    }
    return marked;
  }

  private static byte[] mark(byte[] bytes) {
    ClassFile file =
        ClassFile.of(
            ClassFile.ClassHierarchyResolverOption.of(
                ClassHierarchyResolver.ofResourceParsing(MarkedProgram.class.getClassLoader())
                    .orElse(ClassHierarchyResolver.defaultResolver())));
    return file.transformClass(
        file.parse(bytes), ClassTransform.transformingMethodBodies(MarkedProgram::mark));
  }

  private static void mark(CodeBuilder code, CodeElement element) {
    code.with(element);
    boolean change =
        element instanceof InvokeInstruction call
            && CHANGES
                .getOrDefault(call.owner().asInternalName(), Set.of())
                .contains(call.name().stringValue());
    if (change) {
      code.invokestatic(BOUNDARY, "at", NOTHING);
    }
  }
}
