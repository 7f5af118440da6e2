package dev.rockpool.driver.selftest;

import dev.rockpool.driver.selftest.Steps.Ended;
import dev.rockpool.proto.csi.BlockMetadata;
import dev.rockpool.proto.csi.Snapshot;
import dev.rockpool.proto.csi.VolumeContentSource;
import dev.rockpool.storage.ByteSize;
import dev.rockpool.storage.Contents;
import io.grpc.StatusRuntimeException;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;

/** What is made of a volume: snapshots, restored volumes, clones and a group; all goes again. */
final class SnapshotJourney {
  private final Steps steps;
  private final TestVolume volume;
  private final Node node;
  private final Path directory;
  private final TestSnapshot first;
  private final TestSnapshot again;

  /**
   * @param directory that holds the places where volumes are used
   */
  SnapshotJourney(Steps steps, TestVolume volume, Node node, Path directory) {
    this.steps = steps;
    this.volume = volume;
    this.node = node;
    this.directory = directory;
    this.first = new TestSnapshot(volume.name() + "-before", volume);
    this.again = new TestSnapshot(volume.name() + "-after", volume);
  }

  /**
   * While the volume is in use, and holds the data; then it holds the other data.
   *
   * @return false if it can't be tried while the volume is in use
   */
  boolean inUse(TestData old, TestData other) throws Ended {
    int before = steps.depth();
    if (!take("snapshot it in use", first)) {
      return false;
    }
    steps.run(
        "write other data over it",
        () -> {
          other.write();
          return other.read();
        });
    if (take("snapshot it again", again)) {
      steps.run("list its snapshots", this::list);
      steps.runOptional("tell blocks with data", () -> sum(possible(() -> again.allocated(node))));
      steps.runOptional("tell changed blocks", this::changed);
    }
    copy("restored volume", "restore the first one", first.content(), old);
    copy("clone", "clone the volume", volume.content(), other);
    group(other);
    steps.undo(before);
    return true;
  }

  /** While nobody uses the volume, which holds the data. */
  void unused(TestData data) throws Ended {
    int before = steps.depth();
    take("snapshot it unused", first);
    copy("restored volume", "restore it", first.content(), data);
    copy("clone", "clone the volume", volume.content(), data);
    steps.undo(before);
  }

  private boolean take(String name, TestSnapshot snapshot) throws Ended {
    return steps.runOptional(
        name,
        () -> {
          Snapshot taken = possible(() -> snapshot.create(node));
          return taken.getSnapshotId() + ", " + ByteSize.format(taken.getSizeBytes());
        },
        snapshot.equals(first) ? "delete the first snapshot" : "delete the second snapshot",
        () -> {
          snapshot.delete(node);
          return "";
        });
  }

  private String list() {
    List<String> found = TestSnapshot.list(node, volume);
    if (!Set.copyOf(found).equals(Set.of(first.id(), again.id()))) {
      throw new IllegalStateException("it has the snapshots " + found);
    }
    return found.size() + " snapshots";
  }

  private String changed() throws Exception {
    List<BlockMetadata> ranges = possible(() -> again.changedSince(first, node));
    long bytes = ranges.stream().mapToLong(BlockMetadata::getSizeBytes).sum();
    if (bytes < TestData.BYTES) {
      throw new IllegalStateException(
          "only " + sum(ranges) + ", but " + ByteSize.format(TestData.BYTES) + " were written");
    }
    return sum(ranges);
  }

  private static String sum(List<BlockMetadata> ranges) {
    return ByteSize.format(ranges.stream().mapToLong(BlockMetadata::getSizeBytes).sum())
        + " in "
        + (ranges.size() == 1 ? "one range" : ranges.size() + " ranges");
  }

  /**
   * Makes another volume of the content, larger where it was not grown yet, and looks whether it
   * has the data.
   */
  private void copy(String what, String making, VolumeContentSource content, TestData data)
      throws Ended {
    int before = steps.depth();
    TestVolume copy = volume.made(volume.name() + "-copy", content);
    create(making, copy, what);
    Use use = use(copy, what);
    TestData there = data.in(copy, use.place().target());
    steps.run("read what it had then", there::read);
    steps.undo(before);
  }

  private void create(String name, TestVolume made, String what) throws Ended {
    steps.run(
        name,
        () -> made.id() + ", " + ByteSize.format(made.create(node, Journey.MORE_BYTES)),
        "delete the " + what,
        () -> {
          made.delete(node);
          return "";
        });
  }

  /** Beside the volume itself. */
  private Use use(TestVolume used, String what) throws Ended {
    Use use = new Use(used, node, Place.in(directory.resolve("beside-" + used.id())));
    steps.run(
        "use the " + what,
        () -> {
          use.begin();
          return used.block() ? "beside the volume" : "mounted beside the volume";
        },
        "put the " + what + " away",
        () -> {
          use.end();
          return "";
        });
    return use;
  }

  /** Filesystems are both in use; of raw devices only one can be. */
  private void group(TestData data) throws Ended {
    int before = steps.depth();
    TestVolume second = volume.empty(volume.name() + "-second");
    if (volume.contents().image()) {
      create("create a second volume", second, "second volume");
      if (!volume.block()) {
        use(second, "second volume");
      }
    }
    TestGroup group = new TestGroup(volume.name() + "-group", List.of(volume, second));
    boolean taken =
        steps.runOptional(
            "snapshot both as a group",
            () -> take(group),
            "delete the group",
            () -> {
              group.delete(node);
              return "";
            });
    if (taken) {
      String member =
          group.get(node).getSnapshotsList().stream()
              .filter(snapshot -> snapshot.getSourceVolumeId().equals(volume.id()))
              .map(Snapshot::getSnapshotId)
              .findFirst()
              .orElse("");
      copy("restored member", "restore a member", TestSnapshot.content(member), data);
    }
    steps.undo(before);
  }

  private String take(TestGroup group) throws Exception {
    List<Snapshot> members = possible(() -> group.create(node));
    long moments = members.stream().map(Snapshot::getCreationTime).distinct().count();
    if (members.size() != 2
        || moments != 1
        || !members.stream().allMatch(Snapshot::getReadyToUse)) {
      throw new IllegalStateException("it has the members " + members);
    }
    return members.size() + " members of one moment";
  }

  /**
   * Does what needs a filesystem that shares blocks, or a volume that has blocks.
   *
   * @throws Step.Skipped if that is why the driver refuses it
   */
  private <T> T possible(Callable<T> call) throws Exception {
    try {
      return call.call();
    } catch (StatusRuntimeException e) {
      String message = String.valueOf(e.getStatus().getDescription());
      boolean impossible =
          switch (e.getStatus().getCode()) {
            case FAILED_PRECONDITION, INVALID_ARGUMENT ->
                volume.contents() == Contents.DIRECTORY
                    ? message.contains("a directory")
                    : message.contains("reflinks");
            default -> false;
          };
      if (impossible) {
        throw new Step.Skipped(message);
      }
      throw e;
    }
  }
}
