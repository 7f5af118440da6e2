package dev.rockpool.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;
import static org.awaitility.Awaitility.await;

import dev.rockpool.storage.host.MountTable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * Cgroups of this machine's own block-throttle controller that a test makes, with processes in
 * them; both are taken away after it.
 */
final class TestCgroups implements BeforeEachCallback, AfterEachCallback {
  private final String name = "rockpool-test-" + ProcessHandle.current().pid();
  private final List<Path> made = new ArrayList<>();
  private final List<Process> writers = new ArrayList<>();
  private Optional<BlockThrottle> throttle = Optional.empty();

  @Override
  public void beforeEach(ExtensionContext context) {
    throttle = BlockThrottle.find(MountTable.read());
    assumeThat(throttle).as("a block-throttle controller (cgroups blkio or io)").isPresent();
    made.clear();
    writers.clear();
  }

  /** Those of a node whose users that are no pods are in the cgroup of this name. */
  IoCgroups named(Path cgroup) {
    return new IoCgroups(throttle, Optional.of(cgroup));
  }

  IoCgroups ofPodsOnly() {
    return new IoCgroups(throttle, Optional.empty());
  }

  boolean v1() {
    return throttle.orElseThrow() instanceof BlockThrottle.V1;
  }

  /** Makes the cgroup, and those above it, below one whose name begins as it is said. */
  Path make(String top, String... below) {
    Path path = throttle.orElseThrow().roots().getFirst();
    List<String> names = new ArrayList<>(List.of(top + name));
    names.addAll(Arrays.asList(below));
    for (String next : names) {
      enableIo(path);
      path = path.resolve(next);
      try {
        if (!Files.exists(path)) {
          Files.createDirectory(path);
          made.add(path);
        }
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
    return path;
  }

  private void enableIo(Path parent) {
    if (!v1()) {
      write(parent.resolve("cgroup.subtree_control"), "+io");
    }
  }

  /** What is limited in the cgroup on this device, by the names of {@code io.max}; 0s left out. */
  Map<String, Long> limits(Path cgroup, String device) {
    Map<String, Long> found = new TreeMap<>();
    if (v1()) {
      Map.of("riops", "read_iops", "wiops", "write_iops", "rbps", "read_bps", "wbps", "write_bps")
          .forEach((key, file) ->
              line(cgroup.resolve("blkio.throttle." + file + "_device"), device + " ")
                  .ifPresent(value -> found.put(key, Long.valueOf(value))));
    } else {
      for (String pair : line(cgroup.resolve("io.max"), device + " ").orElse("").split(" ", -1)) {
        if (!pair.isEmpty() && !pair.endsWith("max")) {
          found.put(pair.split("=", 2)[0], Long.valueOf(pair.split("=", 2)[1]));
        }
      }
    }
    return found;
  }

  /** Starts to write blocks of 4 KiB to the file with direct I/O, over and over. */
  void startWriting(Path cgroup, Path file) {
    String loop =
        "echo $$ > \"$0\"; while dd if=/dev/zero of=\"$1\" bs=4k count=1000 oflag=direct"
            + " conv=notrunc status=none; do :; done";
    try {
      writers.add(
          new ProcessBuilder(
                  "bash", "-c", loop, cgroup.resolve("cgroup.procs").toString(), file.toString())
              .redirectErrorStream(true)
              .start());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    await().until(() -> writes(cgroup) > 0);
  }

  /** Writes in a second by the processes of the cgroup, over so many seconds. */
  double writesPerSecond(Path cgroup, int seconds) {
    try {
      // The change, and what had been let through before it, are over.
      Thread.sleep(500);
      long before = writes(cgroup);
      long begin = System.nanoTime();
      Thread.sleep(seconds * 1000L);
      return (writes(cgroup) - before) * 1e9 / (System.nanoTime() - begin);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private long writes(Path cgroup) {
    String text = read(cgroup.resolve(v1() ? "blkio.throttle.io_serviced" : "io.stat"));
    return Arrays.stream(text.split("[\\n ]", -1))
        .reduce(
            new long[] {0, 0},
            (sum, word) ->
                v1()
                    ? new long[] {
                      sum[1] == 1 ? sum[0] + Long.parseLong(word) : sum[0],
                      word.equals("Write") ? 1 : 0
                    }
                    : new long[] {
                      word.startsWith("wios=")
                          ? sum[0] + Long.parseLong(word.substring(5))
                          : sum[0],
                      0
                    },
            (one, other) -> other)[0];
  }

  void stopWriting() {
    for (Process writer : writers) {
      writer.descendants().forEach(ProcessHandle::destroyForcibly);
      writer.destroyForcibly();
      writer.descendants().forEach(ProcessHandle::destroyForcibly);
      try {
        writer.waitFor();
      } catch (InterruptedException e) {
        throw new IllegalStateException(e);
      }
    }
    writers.clear();
    for (Path cgroup : made) {
      await().untilAsserted(() -> assertThat(read(cgroup.resolve("cgroup.procs"))).isEmpty());
    }
  }

  void remove(Path cgroup) {
    try {
      Files.delete(cgroup);
      made.remove(cgroup);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Optional<String> line(Path file, String start) {
    return read(file)
        .lines()
        .filter(line -> line.startsWith(start))
        .map(line -> line.substring(start.length()))
        .findFirst();
  }

  private static String read(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void write(Path file, String text) {
    try {
      Files.writeString(file, text, StandardOpenOption.WRITE);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void afterEach(ExtensionContext context) {
    if (!writers.isEmpty()) {
      stopWriting();
    }
    List.copyOf(made.reversed()).forEach(this::remove);
  }
}
