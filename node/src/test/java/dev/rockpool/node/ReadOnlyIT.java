package dev.rockpool.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.rockpool.proto.csi.VolumeCapability;
import dev.rockpool.proto.csi.VolumeCapability.AccessMode.Mode;
import dev.rockpool.storage.AccessMode;
import dev.rockpool.storage.host.CommandException;
import dev.rockpool.storage.host.Mount;
import dev.rockpool.storage.host.MountTable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A read-only user can't write, whatever it does, and leaves every byte of the image as it is. */
final class ReadOnlyIT {
  @RegisterExtension private static final Machine machine = Machine.xfs();

  // What the kernel says to writers of read-only filesystems, and of read-only devices.
  private static final Pattern REFUSED =
      Pattern.compile(
          "Read-only file system|Operation not (permitted|supported)|Input/output error");

  private TestNode node;

  @BeforeEach
  void open() {
    node = TestNode.local(machine);
  }

  @AfterEach
  void close() {
    node.close();
  }

  private static VolumeCapability writer(Kind kind) {
    return kind.capability(Mode.SINGLE_NODE_MULTI_WRITER);
  }

  private static VolumeCapability readers(Kind kind) {
    return kind.capability(Mode.MULTI_NODE_READER_ONLY);
  }

  /** Makes the volume with the data of number 1 in it. */
  private void createWithData(Kind kind) {
    node.create(
        "vol", kind, AccessMode.SINGLE_NODE_MULTI_WRITER, AccessMode.MULTI_NODE_READER_ONLY);
    node.use("vol", writer(kind));
    Path target = node.publish("vol", "maker", writer(kind));
    kind.write(target, 1);
    node.unpublish("vol", target);
    node.unstage("vol");
    node.detach("vol");
  }

  @ParameterizedTest
  @EnumSource
  void aReadOnlyTargetBesideAWriterOnlyReads(Kind kind) {
    createWithData(kind);
    node.use("vol", writer(kind));
    Path writer = node.publish("vol", "writer", writer(kind));
    Path reader = node.publish("vol", "reader", writer(kind), true);

    kind.assertHolds(reader, 1);
    assertNothingCanBeWritten(kind, reader);
    kind.write(writer, 2);
    kind.assertHolds(writer, 2);
    node.unpublish("vol", reader);
    kind.write(writer, 3);
    kind.assertHolds(writer, 3);
    kind.assertHolds(writer, 1);
  }

  @Test
  void aReadOnlyBlockTargetIsADeviceOfItsOwnThatGoesWithIt() {
    createWithData(Kind.BLOCK);
    node.use("vol", writer(Kind.BLOCK));
    Path writer = node.publish("vol", "writer", writer(Kind.BLOCK));
    List<String> before = machine.loopDevices();
    Path one = node.publish("vol", "one", writer(Kind.BLOCK), true);
    Path two = node.publish("vol", "two", writer(Kind.BLOCK), true);

    assertThat(List.of(device(writer), device(one), device(two))).doesNotHaveDuplicates();
    assertThat(machine.loopDevices()).hasSize(3);
    node.publish("vol", one, writer(Kind.BLOCK), true);
    assertThat(machine.loopDevices()).as("after a repeated call").hasSize(3);

    node.unpublish("vol", one);
    assertThat(machine.loopDevices()).hasSize(2);
    Kind.BLOCK.assertHolds(two, 1);
    node.unpublish("vol", two);
    assertThat(machine.loopDevices()).isEqualTo(before);
  }

  private static String device(Path target) {
    Mount mount = MountTable.read().at(target).orElseThrow();
    return mount.root();
  }

  /** Kubernetes sends the mode and no flag; another orchestrator may send the flag alone. */
  @ParameterizedTest
  @EnumSource
  void aVolumeThatIsAttachedForReadingOnlyKeepsEveryByte(Kind kind) throws IOException {
    createWithData(kind);
    Path before = machine.snapshot(node.image("vol"));
    node.attach("vol", readers(kind), false);
    readFromTwoTargets(kind, readers(kind));
    Machine.assertSame(node.image("vol"), before);

    node.detach("vol");
    node.attach("vol", writer(kind), true);
    readFromTwoTargets(kind, writer(kind));
    Machine.assertSame(node.image("vol"), before);

    node.detach("vol");
    node.use("vol", writer(kind));
    kind.write(node.publish("vol", "writer", writer(kind)), 2);
  }

  private void readFromTwoTargets(Kind kind, VolumeCapability capability) {
    node.stage("vol", capability);
    Path one = node.publish("vol", "one", capability);
    Path two = node.publish("vol", "two", capability, true);
    for (Path target : List.of(one, two)) {
      kind.assertHolds(target, 1);
      assertNothingCanBeWritten(kind, target);
      assertThat(MountTable.read().at(target).orElseThrow().readOnly()).isTrue();
    }
    assertThat(machine.loopDevices())
        .singleElement()
        .satisfies(device ->
            assertThat(Machine.run("blockdev", "--getro", device)).as("read-only").isEqualTo("1"));
    node.unpublish("vol", one);
    node.unpublish("vol", two);
    node.unstage("vol");
  }

  /**
   * The image is copied while its filesystem is mounted and written to, as a power cut would leave
   * it: the journal would have to be replayed.
   */
  @ParameterizedTest
  @EnumSource(names = "BLOCK", mode = EnumSource.Mode.EXCLUDE)
  void aDirtyJournalStaysAsItIsForAReaderAndIsReplayedForAWriter(Kind kind) throws IOException {
    createWithData(kind);
    node.use("vol", writer(kind));
    Path target = node.publish("vol", "crashing", writer(kind));
    kind.write(target, 2);
    for (int i = 0; i < 100; i++) {
      Files.createDirectories(target.resolve("deep/" + i));
    }
    Machine.run("sync", "--file-system", target.toString());
    // btrfs may commit the first one whole; the second one is in its log tree alone.
    kind.write(target, 3);
    kind.write(target, 3);
    Path crashed = machine.snapshot(node.image("vol"));
    node.unpublish("vol", target);
    node.unstage("vol");
    node.detach("vol");
    putInPlace(crashed);
    assertDirty(kind, crashed);

    node.attach("vol", readers(kind), false);
    readFromTwoTargets(kind, readers(kind));
    Machine.assertSame(node.image("vol"), crashed);

    node.detach("vol");
    node.use("vol", writer(kind));
    Path writer = node.publish("vol", "writer", writer(kind));
    for (int number : new int[] {1, 2, 3}) {
      kind.assertHolds(writer, number);
    }
    kind.write(writer, 4);
  }

  /** The kernel itself says so: without replaying the journal it does not mount it. */
  private void assertDirty(Kind kind, Path image) throws IOException {
    Path place = Files.createDirectory(machine.disk().resolve("dirty-" + kind));
    String device = Machine.run("losetup", "--find", "--show", "--read-only", image.toString());
    try {
      assertThatThrownBy(() -> Machine.run("mount", "-o", "ro", device, place.toString()))
          .isInstanceOf(CommandException.class);
    } finally {
      Machine.run("losetup", "--detach", device);
    }
  }

  private void putInPlace(Path image) {
    Machine.run("cp", "--reflink=always", image.toString(), node.image("vol").toString());
  }

  private static void assertNothingCanBeWritten(Kind kind, Path target) {
    List<ThrowingCallable> attempts = new ArrayList<>();
    if (kind.block()) {
      attempts.add(() -> kind.write(target, 0));
      attempts.add(dd(target, "direct"));
      attempts.add(dd(target, "sync"));
      attempts.add(() -> Machine.run("blkdiscard", "--force", target.toString()));
    } else {
      attempts.add(() -> Files.writeString(target.resolve("new"), "no"));
      attempts.add(() -> Files.writeString(target.resolve("data-1"), "no"));
      attempts.add(() -> Files.delete(target.resolve("data-1")));
      attempts.add(() -> Files.createDirectory(target.resolve("directory")));
      attempts.add(() -> Machine.run("touch", target.toString()));
    }
    for (ThrowingCallable attempt : attempts) {
      assertThatThrownBy(attempt).message().containsPattern(REFUSED);
    }
    kind.assertHolds(target, 1);
  }

  private static ThrowingCallable dd(Path target, String flag) {
    return () ->
        Machine.run(
            "dd",
            "if=/dev/zero",
            "of=" + target,
            "bs=4096",
            "count=1",
            "seek=768",
            "conv=notrunc,fsync",
            "oflag=" + flag);
  }
}
