package dev.rockpool.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.rockpool.proto.csi.VolumeCapability;
import dev.rockpool.proto.csi.VolumeCapability.AccessMode.Mode;
import dev.rockpool.storage.AccessMode;
import dev.rockpool.storage.Allocation;
import dev.rockpool.storage.DiskConflict;
import dev.rockpool.storage.NewVolume;
import dev.rockpool.storage.SizeRange;
import dev.rockpool.storage.Snapshot;
import dev.rockpool.storage.SnapshotRecord;
import dev.rockpool.storage.VolumeId;
import dev.rockpool.storage.VolumeSource;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Snapshots and clones of directory volumes: copies of trees, made beside their users. */
final class DirectorySnapshotsIT {
  private static final VolumeCapability WRITERS =
      VolumeCapability.newBuilder()
          .setMount(VolumeCapability.MountVolume.getDefaultInstance())
          .setAccessMode(
              VolumeCapability.AccessMode.newBuilder().setMode(Mode.MULTI_NODE_MULTI_WRITER))
          .build();

  @RegisterExtension private static final Machine machine = Machine.xfs();

  private TestNode node;

  @BeforeEach
  void open() {
    node = TestNode.shared(machine, "node-a");
    node.create(directory("dir"));
  }

  @AfterEach
  void close() {
    node.snapshots()
        .list(Optional.empty(), 100, Optional.empty())
        .forEach(snapshot -> node.snapshots().delete(snapshot.id()));
    node.close();
    assertThat(machine.pool().resolve("snapshots")).isEmptyDirectory();
  }

  private static NewVolume directory(String name) {
    return new NewVolume(
        name,
        new SizeRange(Kind.MIB, 0),
        false,
        Optional.empty(),
        Set.of(AccessMode.MULTI_NODE_MULTI_WRITER),
        Optional.empty(),
        Allocation.THIN,
        DiskConflict.NODE,
        List.of(),
        List.of());
  }

  private Snapshot ready(Snapshot snapshot) {
    Snapshot now = snapshot;
    while (!now.record().ready()) {
      Waiting.aMoment();
      now = node.snapshot(now.record().name(), now.record().source().value());
    }
    return now;
  }

  /** Publishes "dir", and fills it with what a copy could lose. */
  private Path filled() throws IOException {
    node.use("dir", WRITERS);
    Path target = node.publish("dir", "pod", WRITERS);
    Path sub = Files.createDirectories(target.resolve("a/b"));
    Files.writeString(sub.resolve("file"), "content");
    Files.createSymbolicLink(target.resolve("link"), Path.of("a/b/file"));
    Files.createLink(target.resolve("hard"), sub.resolve("file"));
    Files.setPosixFilePermissions(
        sub.resolve("file"), PosixFilePermissions.fromString("rwxr-x---"));
    Files.setAttribute(sub.resolve("file"), "unix:uid", 1234);
    return target;
  }

  private static void assertFilled(Path tree) throws IOException {
    assertThat(tree.resolve("a/b/file")).hasContent("content");
    assertThat(Files.readSymbolicLink(tree.resolve("link"))).isEqualTo(Path.of("a/b/file"));
    assertThat(Files.isSameFile(tree.resolve("hard"), tree.resolve("a/b/file"))).isTrue();
    assertThat(
            PosixFilePermissions.toString(Files.getPosixFilePermissions(tree.resolve("a/b/file"))))
        .isEqualTo("rwxr-x---");
    assertThat(Files.getAttribute(tree.resolve("a/b/file"), "unix:uid")).isEqualTo(1234);
  }

  @Test
  void aSnapshotOfADirectoryInUseIsACopyThatIsReadyLater() throws IOException {
    Path target = filled();
    Snapshot taken = node.snapshot("snap", "dir");
    assertThat(taken.record().state()).isEqualTo(SnapshotRecord.State.COPYING);
    Snapshot done = ready(taken);
    Files.writeString(target.resolve("later"), "new");
    Files.writeString(target.resolve("a/b/file"), "changed");

    node.create(directory("restored").from(new VolumeSource.OfSnapshot(done.id())));
    node.use("restored", WRITERS);
    Path restored = node.publish("restored", "restored", WRITERS);
    assertFilled(restored);
    assertThat(restored.resolve("later")).doesNotExist();
    Files.writeString(restored.resolve("own"), "own");
    assertThat(target.resolve("own")).doesNotExist();
  }

  @Test
  void aCloneOfADirectoryHasItsFiles() throws IOException {
    Path target = filled();
    node.create(directory("clone").from(new VolumeSource.OfVolume(VolumeId.parse("dir"))));
    Files.writeString(target.resolve("a/b/file"), "changed");
    node.use("clone", WRITERS);
    assertFilled(node.publish("clone", "clone", WRITERS));
  }

  @Test
  void aDirectoryBecomesNoImageAndIsInNoGroup() {
    Snapshot taken = ready(node.snapshot("snap", "dir"));
    assertThatThrownBy(
            () -> node.restore("image", Kind.EXT4, new VolumeSource.OfSnapshot(taken.id())))
        .hasMessageContaining("a directory volume");
    assertThatThrownBy(() -> node.snapshots().createGroup("group", List.of(VolumeId.parse("dir"))))
        .hasMessageContaining("not of one moment");
  }
}
