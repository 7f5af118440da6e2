package dev.rockpool.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.rockpool.storage.host.Command;
import dev.rockpool.storage.host.ExecHost;
import dev.rockpool.storage.host.Host;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A command that goes on when its driver is long dead, and another one has done the work. */
@Timeout(60)
final class OrphanedCommandIT {
  private static final Host HOST = new ExecHost((program, succeeded, took) -> {});
  private static final Path MKFS = Path.of("/usr/sbin/mkfs.ext4");

  @TempDir private Path directory;
  private PoolFilesystem filesystem;

  @BeforeEach
  void mount() throws IOException {
    filesystem = PoolFilesystem.xfs(Files.createDirectory(directory.resolve("disk")));
  }

  @AfterEach
  void unmount() throws IOException {
    filesystem.close();
  }

  /** Runs a command in a mount namespace in which mkfs stops itself before it begins. */
  private List<String> stoppingMkfs() throws IOException {
    Files.copy(
        MKFS.toRealPath(), directory.resolve("mkfs.ext4"), StandardCopyOption.COPY_ATTRIBUTES);
    Path shim =
        Files.createFile(
            directory.resolve("shim"),
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    Files.writeString(
        shim,
        """
        #!/bin/sh
        echo $$ > DIR/pid.new
        mv DIR/pid.new DIR/pid
        kill -STOP $$
        exec DIR/mkfs.ext4 "$@"
        """
            .replace("DIR", directory.toString()));
    return List.of(
        "unshare",
        "--mount",
        "sh",
        "-c",
        "mount --bind " + shim + " " + MKFS + " && exec \"$@\"",
        "sh");
  }

  @Test
  void anMkfsThatOutlivesItsDriverFormatsNothing() throws Exception {
    Path pool = filesystem.newDirectory();
    PoolDirectory.init(PoolFixture.POOL, pool, PoolKind.LOCAL);
    Path pidFile = directory.resolve("pid");
    try (OtherNode killed = new OtherNode(stoppingMkfs())) {
      killed.tell("open", pool, OpenPool.NODE);
      var _ = killed.tellMeanwhile("create", "v");
      await().until(() -> Files.exists(pidFile));
    }
    ProcessHandle mkfs =
        ProcessHandle.of(Long.parseLong(Files.readString(pidFile).strip())).orElseThrow();
    try (OpenPool open = OpenPool.open(pool)) {
      open.create(Asked.filesystem("v", FsType.EXT4));
      open.write("v");
      Path image = open.pool().image(VolumeId.parse("v"));
      Path before = Files.copy(image, directory.resolve("before"));
      assertThat(mkfs.isAlive()).isTrue();
      HOST.run(Command.of("kill", "-CONT", "" + mkfs.pid()));
      await().atMost(Duration.ofSeconds(20)).until(() -> !mkfs.isAlive());
      assertThat(Files.mismatch(before, image)).isEqualTo(-1);
      open.clear(List.of("v"), List.of(), List.of());
    } finally {
      mkfs.destroyForcibly();
    }
  }
}
