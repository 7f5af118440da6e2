package dev.rockpool.node;

import static dev.rockpool.node.Refusals.assertRefused;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.rockpool.proto.csi.VolumeCapability;
import dev.rockpool.proto.csi.VolumeCapability.AccessMode.Mode;
import io.grpc.Status.Code;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Paths that nobody should send: refused, and nothing changes. */
final class TargetPathsIT {
  @RegisterExtension private static final Machine machine = Machine.xfs();

  private static final VolumeCapability BLOCK =
      Kind.BLOCK.capability(Mode.SINGLE_NODE_MULTI_WRITER);
  private static final VolumeCapability MOUNT = Kind.XFS.capability(Mode.SINGLE_NODE_MULTI_WRITER);

  private TestNode node;

  @BeforeEach
  void openAndStage() {
    node = TestNode.local(machine);
    node.create("disk", Kind.BLOCK);
    node.use("disk", BLOCK);
    node.create("fs", Kind.XFS);
    node.use("fs", MOUNT);
    node.create("new", Kind.BLOCK);
    node.attach("new", BLOCK, false);
  }

  @AfterEach
  void close() {
    node.close();
  }

  /** Relative to the directory of targets; the symlinks in it are made below. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "relative",
        "./relative",
        "/PODS/../pods/x",
        "/PODS/./x",
        "/PODS/..",
        "/PODS/link",
        "/PODS/link/x",
        "/PODS/real/link/x",
        "/PODS/dangling",
        "/PODS/device-link",
        "/tmp/rockpool-outside",
        "/etc",
        "/",
        "/dev/loop0",
        "/PODS/nul\u0000",
        "/ROOT"
      })
  void aPathThatLeadsElsewhereIsInvalid(String pattern) throws IOException {
    Path pods = node.pods();
    Files.createDirectories(pods.resolve("real"));
    Files.createDirectories(pods.resolve("outside"));
    Files.createSymbolicLink(pods.resolve("link"), pods.resolve("outside"));
    Files.createSymbolicLink(pods.resolve("real/link"), Path.of("/etc"));
    Files.createSymbolicLink(pods.resolve("dangling"), pods.resolve("nowhere"));
    Files.createSymbolicLink(pods.resolve("device-link"), Path.of("/dev/null"));
    String path = pattern.replace("/PODS", pods.toString()).replace("/ROOT", "" + machine.root());
    assertInvalidEverywhere(path);
  }

  private void assertInvalidEverywhere(String path) {
    List<String> before = machine.everything();
    assertRefused(Code.INVALID_ARGUMENT, () -> node.stage("new", path, BLOCK))
        .startsWith("staging_target_path ");
    assertRefused(Code.INVALID_ARGUMENT, () -> node.unstage("disk", path))
        .startsWith("staging_target_path ");
    for (String volume : List.of("disk", "fs")) {
      VolumeCapability capability = volume.equals("disk") ? BLOCK : MOUNT;
      assertRefused(
              Code.INVALID_ARGUMENT,
              () ->
                  node.client()
                      .nodePublishVolume(
                          TestNode.publication(
                              volume, node.stagingPath(volume).toString(), path, capability)))
          .startsWith("target_path ")
          .doesNotContain("\u0000");
      assertRefused(
              Code.INVALID_ARGUMENT,
              () ->
                  node.client()
                      .nodePublishVolume(
                          TestNode.publication(
                              volume, path, node.pods().resolve("fine").toString(), capability)))
          .startsWith("staging_target_path ");
      assertRefused(Code.INVALID_ARGUMENT, () -> node.unpublish(volume, path))
          .startsWith("target_path ");
    }
    machine.assertUnchanged(before);
  }

  @Test
  void nothingIsMountedInsideOfAPool() throws IOException {
    Path inside = Files.createDirectory(machine.pool().resolve("snapshots/mine"));
    List<String> before = machine.everything();

    assertRefused(Code.INVALID_ARGUMENT, () -> node.stage("new", inside.toString(), BLOCK))
        .contains("is inside of pool \"default\"");
    assertRefused(
            Code.INVALID_ARGUMENT, () -> node.publish("disk", inside.resolve("x"), BLOCK, false))
        .contains("is inside of pool \"default\"");
    assertRefused(Code.INVALID_ARGUMENT, () -> node.publish("fs", inside, MOUNT, false))
        .contains("is inside of pool \"default\"");
    machine.assertUnchanged(before);
  }

  @Test
  void nothingIsTakenAwayInsideOfAPool() throws IOException {
    Path inside = Files.createDirectory(machine.pool().resolve("snapshots/mine"));
    Path record = machine.pool().resolve("volumes/disk/record.lock");
    Files.writeString(record, "");
    List<String> before = machine.everything();

    for (Path path : List.of(inside, record)) {
      assertRefused(Code.INVALID_ARGUMENT, () -> node.unpublish("disk", path))
          .contains("is inside of pool \"default\"");
    }
    machine.assertUnchanged(before);
  }

  @Test
  void nothingIsHiddenByMountingOverIt() throws IOException {
    Path full = Files.createDirectory(node.pods().resolve("full"));
    Files.writeString(full.resolve("file"), "seen");
    Path file = Files.writeString(node.pods().resolve("file"), "seen");
    Path orphan = node.pods().resolve("none/mount");
    List<String> before = machine.everything();

    assertRefused(Code.FAILED_PRECONDITION, () -> node.stage("new", full.toString(), BLOCK))
        .contains("not empty");
    assertRefused(Code.FAILED_PRECONDITION, () -> node.stage("new", file.toString(), BLOCK))
        .contains("not a directory");
    assertRefused(Code.FAILED_PRECONDITION, () -> node.stage("new", orphan.toString(), BLOCK))
        .contains("not a directory");
    for (Path target : List.of(full, file, orphan)) {
      assertRefused(Code.FAILED_PRECONDITION, () -> node.publish("fs", target, MOUNT, false));
      assertRefused(Code.FAILED_PRECONDITION, () -> node.publish("disk", target, BLOCK, false));
      assertRefused(Code.FAILED_PRECONDITION, () -> node.publish("disk", target, BLOCK, true));
    }
    assertRefused(Code.FAILED_PRECONDITION, () -> node.unpublish("fs", full)).contains("not empty");
    assertRefused(Code.FAILED_PRECONDITION, () -> node.unpublish("disk", file)).contains("content");
    machine.assertUnchanged(before);
  }

  @Test
  void whatSomebodyElseHasMountedIsLeftAlone() throws IOException {
    Path taken = Files.createDirectory(node.pods().resolve("taken"));
    Machine.run("mount", "-t", "tmpfs", "theirs", taken.toString());
    try {
      List<String> before = machine.everything();
      assertRefused(Code.ALREADY_EXISTS, () -> node.publish("fs", taken, MOUNT, false))
          .contains("something else is mounted");
      assertRefused(Code.ALREADY_EXISTS, () -> node.publish("disk", taken, BLOCK, false));
      assertRefused(Code.FAILED_PRECONDITION, () -> node.unpublish("fs", taken))
          .contains("left alone");
      assertRefused(Code.ALREADY_EXISTS, () -> node.stage("new", taken.toString(), BLOCK));
      node.unstage("new", taken.toString());
      machine.assertUnchanged(before);
    } finally {
      Machine.run("umount", taken.toString());
    }
  }

  @Test
  void aPlaceWhereNothingCanBeMadeIsNoDefect() throws IOException {
    Path readOnly = Files.createDirectory(node.pods().resolve("read-only"));
    Machine.run("mount", "-t", "tmpfs", "-o", "ro", "theirs", readOnly.toString());
    try {
      Path target = readOnly.resolve("mount");
      assertRefused(Code.FAILED_PRECONDITION, () -> node.publish("fs", target, MOUNT, false))
          .contains("read-only filesystem");
      assertRefused(Code.FAILED_PRECONDITION, () -> node.publish("disk", target, BLOCK, false))
          .contains("read-only filesystem");
    } finally {
      Machine.run("umount", readOnly.toString());
    }
  }

  /** Else the first volume's filesystem would be out of sight, and its lock free. */
  @ParameterizedTest
  @EnumSource(names = {"BLOCK", "XFS"})
  void aStagingPathHasOneVolume(Kind kind) {
    VolumeCapability capability = kind.capability(Mode.SINGLE_NODE_MULTI_WRITER);
    node.create("second", kind);
    node.attach("second", capability, false);
    List<String> before = machine.everything();

    for (String first : List.of("disk", "fs")) {
      String path = node.stagingPath(first).toString();
      assertThat(
              catchThrowableOfType(
                  StatusRuntimeException.class, () -> node.stage("second", path, capability)))
          .extracting(thrown -> thrown.getStatus().getCode())
          .isIn(Code.ALREADY_EXISTS, Code.FAILED_PRECONDITION);
    }
    machine.assertUnchanged(before);
  }

  @Test
  void aVolumeIsTakenOffWhereItIsAndNowhereElse() {
    Path target = node.publish("fs", "one", MOUNT);
    List<String> before = machine.everything();

    assertRefused(Code.FAILED_PRECONDITION, () -> node.unpublish("disk", target))
        .contains("is not volume \"disk\"");
    node.unstage("disk", node.stagingPath("fs").toString());
    node.unstage("fs", node.stagingPath("disk").toString());
    assertRefused(Code.FAILED_PRECONDITION, () -> node.unpublish("fs", node.stagingPath("fs")));
    machine.assertUnchanged(before);
  }
}
