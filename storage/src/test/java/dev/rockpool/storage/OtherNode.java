package dev.rockpool.storage;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/** A running {@link OtherProcess}. */
final class OtherNode implements AutoCloseable {
  private final Process process;
  private final Writer in;
  private final BufferedReader out;

  OtherNode() throws IOException {
    this(List.of());
  }

  /**
   * @param launcher a command that replaces itself by the one that its further arguments are
   */
  OtherNode(List<String> launcher) throws IOException {
    List<String> command = new ArrayList<>(launcher);
    command.addAll(
        List.of(
            ProcessHandle.current().info().command().orElseThrow(),
            "-XX:TieredStopAtLevel=1",
            "-XX:+UseSerialGC",
            "-cp",
            System.getProperty("java.class.path"),
            OtherProcess.class.getName()));
    process = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    in = process.outputWriter(StandardCharsets.UTF_8);
    out = process.inputReader(StandardCharsets.UTF_8);
    answer();
  }

  /** Tells it to do something, and waits for its answer. */
  String tell(Object... words) {
    try {
      in.write(String.join("\t", List.of(words).stream().map(String::valueOf).toList()) + "\n");
      in.flush();
      return answer();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Tells it to do something while the test goes on. */
  CompletableFuture<String> tellMeanwhile(Object... words) {
    return CompletableFuture.supplyAsync(() -> tell(words));
  }

  private String answer() throws IOException {
    String line = out.readLine();
    if (line == null) {
      throw new IOException("the other process has ended");
    }
    return line;
  }

  boolean running() {
    return process.isAlive();
  }

  /** Ends it at once, as a crash does. */
  void kill() {
    process.destroyForcibly().onExit().join();
  }

  @Override
  public void close() {
    kill();
  }
}
