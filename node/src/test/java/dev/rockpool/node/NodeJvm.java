package dev.rockpool.node;

import dev.rockpool.storage.PoolDirectory;
import dev.rockpool.storage.PoolKind;
import dev.rockpool.storage.PoolName;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.spi.ToolProvider;

/**
 * The Java machine that a {@link NodeProcess} runs in. Tests start it dozens of times, so it has no
 * log, and its classes come out of an archive that a first run has made: it is up in a third of the
 * time.
 */
final class NodeJvm {
  private static final String JAVA = System.getProperty("java.home") + "/bin/java";
  private static final List<String> OPTIONS =
      List.of(
          "--enable-native-access=ALL-UNNAMED",
          "-XX:TieredStopAtLevel=1",
          "-XX:+UseSerialGC",
          "-Xlog:disable",
          "-Dslf4j.internal.verbosity=ERROR");
  private static final List<String> COMMAND = prepare();

  private NodeJvm() {}

  static Process start(String... arguments) throws IOException {
    return start(COMMAND, List.of(arguments), Redirect.PIPE);
  }

  private static Process start(List<String> java, List<String> arguments, Redirect input)
      throws IOException {
    List<String> command = new ArrayList<>(java);
    command.add(NodeProcess.class.getName());
    command.addAll(arguments);
    return new ProcessBuilder(command).redirectInput(input).redirectError(Redirect.INHERIT).start();
  }

  private static List<String> prepare() {
    try {
      Path directory = Files.createTempDirectory("rockpool-node-jvm-");
      // What is registered first is deleted last.
      directory.toFile().deleteOnExit();
      String classPath = classPath(directory);
      Path archive = directory.resolve("classes.jsa");
      archive.toFile().deleteOnExit();
      Path pool = directory.resolve("pool");
      var _ = PoolDirectory.init(new PoolName("default"), pool, PoolKind.SHARED);
      Process training =
          start(
              command("-XX:ArchiveClassesAtExit=" + archive, classPath),
              List.of("node-a", "" + pool, "" + directory, "" + directory.resolve("node"), ""),
              Redirect.from(new File("/dev/null")));
      training.getInputStream().readAllBytes();
      training.waitFor();
      Machine.run("rm", "--recursive", pool.toString(), directory.resolve("node").toString());
      return command("-XX:SharedArchiveFile=" + archive, classPath);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private static List<String> command(String archive, String classPath) {
    List<String> command = new ArrayList<>(List.of(JAVA, archive));
    command.addAll(OPTIONS);
    command.addAll(List.of("-cp", classPath));
    return command;
  }

  /** That of this process; directories become jars, of which alone an archive can be made. */
  private static String classPath(Path directory) {
    String own =
        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
    List<String> entries = new ArrayList<>();
    for (String entry : own.split(File.pathSeparator, -1)) {
      if (Files.isDirectory(Path.of(entry))) {
        entries.add(jar(directory.resolve(entries.size() + ".jar"), entry));
      } else if (!entry.contains("logback")) {
        entries.add(entry);
      }
    }
    return String.join(File.pathSeparator, entries);
  }

  private static String jar(Path jar, String classes) {
    int exit =
        ToolProvider.findFirst("jar")
            .orElseThrow()
            .run(System.err, System.err, "--create", "--file", jar.toString(), "-C", classes, ".");
    if (exit != 0) {
      throw new IllegalStateException("jar of " + classes + " failed with exit code " + exit);
    }
    jar.toFile().deleteOnExit();
    return jar.toString();
  }
}
