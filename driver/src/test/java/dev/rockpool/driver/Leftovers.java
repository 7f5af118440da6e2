package dev.rockpool.driver;

import dev.rockpool.storage.host.Command;
import dev.rockpool.storage.host.ExecHost;
import dev.rockpool.storage.host.Mount;
import dev.rockpool.storage.host.MountTable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** What is there still, of what should be gone. */
public final class Leftovers {
  private static final ExecHost HOST = new ExecHost((_, _, _) -> {});
  private static final Path BLOCK = Path.of("/sys/block");

  private Leftovers() {}

  /** Mounts below the directory, in the mount namespace of this process. */
  public static List<Path> mounts(Path directory) {
    return MountTable.read().all().stream()
        .map(Mount::mountPoint)
        .filter(point -> point.startsWith(directory))
        .toList();
  }

  /** Files below the directory that loop devices serve. */
  public static List<String> loopFiles(Path directory) throws IOException {
    try (Stream<Path> devices = Files.list(BLOCK)) {
      return devices
          .map(device -> read(device.resolve("loop/backing_file")))
          .flatMap(Optional::stream)
          .filter(file -> file.startsWith(directory + "/"))
          .toList();
    }
  }

  private static Optional<String> read(Path file) {
    try {
      return Optional.of(Files.readString(file).strip());
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  /** Takes away what a test that failed has left: mounts below the directory, and loop devices. */
  public static void sweep(Path directory, Path pool) throws IOException {
    mounts(directory).reversed().stream()
        .filter(point -> !pool.startsWith(point))
        .forEach(point -> HOST.run(Command.of("umount", point.toString())));
    for (String file : loopFiles(pool)) {
      HOST.run(Command.of("losetup", "--associated", file, "--output", "NAME", "--noheadings"))
          .lines()
          .forEach(device -> HOST.run(Command.of("losetup", "--detach", device.strip())));
    }
  }

  /** What pools hold of volumes, snapshots and groups. */
  public static List<Path> contents(Path pool) throws IOException {
    List<Path> found = new ArrayList<>();
    for (String part : List.of("volumes", "snapshots", "groups")) {
      try (Stream<Path> entries = Files.list(pool.resolve(part))) {
        entries.forEach(found::add);
      }
    }
    return found;
  }
}
