package dev.rockpool.driver.selftest;

import dev.rockpool.driver.selftest.Steps.Ended;
import dev.rockpool.proto.csi.ControllerExpandVolumeResponse;
import dev.rockpool.proto.csi.VolumeCapability.AccessMode.Mode;
import dev.rockpool.proto.csi.VolumeUsage;
import dev.rockpool.storage.ByteSize;
import dev.rockpool.storage.Contents;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.stream.Collectors;

/** The life of one volume: made, used, held against others, grown, read only, and removed. */
final class Journey {
  /** Enough for every filesystem; the image is sparse. */
  private static final long BYTES = 320L << 20;

  /** What it is grown to. */
  static final long MORE_BYTES = 384L << 20;

  private static final String WRITES = "writeBytesPerSecond";
  private static final long LIMIT_BYTES = 64L << 20;
  private static final Mode READERS = Mode.MULTI_NODE_READER_ONLY;

  private final Steps steps;
  private final TestVolume volume;
  private final Node node;
  private final Optional<Node> second;
  private final Place place;
  private final Place secondPlace;
  private final SnapshotJourney snapshots;
  private TestData data;
  private long usableBytesBefore;
  private boolean nodeMustGrow;

  /**
   * @param directory for this journey alone; made if it is missing
   */
  Journey(Steps steps, TestVolume volume, Node node, Optional<Node> second, Path directory) {
    this.steps = steps;
    this.volume = volume;
    this.node = node;
    this.second = second;
    this.place = Place.in(directory.resolve("first"));
    this.secondPlace = Place.in(directory.resolve("second"));
    this.snapshots = new SnapshotJourney(steps, volume, node, directory);
    this.data = TestData.at(volume, place.target());
  }

  /** Does all of it, and leaves nothing behind. */
  void walk() {
    try {
      create();
      int created = steps.depth();
      use(node, place, volume.writer());
      steps.run(
          "write, and read it back",
          () -> {
            data.write();
            return data.read();
          });
      if (volume.contents() == Contents.DIRECTORY) {
        shareWithSecond();
      } else {
        refuseSecond();
      }
      boolean taken = snapshots.inUse(data, data.other());
      if (taken) {
        data = data.other();
      }
      limit();
      grow(created + 1);
      steps.run("statistics", this::statistics);
      steps.undo(created);
      if (!taken) {
        snapshots.unused(data);
      }
      readOnly();
    } catch (Ended e) {
      // reported already
    } finally {
      steps.undo(0);
    }
  }

  private void create() throws Ended {
    steps.run(
        "create",
        () -> {
          try {
            return volume.id() + ", " + ByteSize.format(volume.create(node, BYTES));
          } catch (StatusRuntimeException e) {
            boolean refused = e.getStatus().getCode() == Status.Code.INVALID_ARGUMENT;
            if (refused && volume.contents() == Contents.DIRECTORY) {
              throw new Step.Skipped(String.valueOf(e.getStatus().getDescription()));
            }
            throw e;
          }
        },
        "delete",
        () -> {
          volume.delete(node);
          return "";
        });
  }

  private void use(Node on, Place at, Mode mode) throws Ended {
    steps.run(
        (mode == READERS ? "publish read-only to " : "publish to ") + on.id(),
        () -> {
          volume.publish(on, on, mode);
          return mode.name();
        },
        "unpublish from " + on.id(),
        () -> {
          volume.unpublish(on, on);
          return "";
        });
    stage(on, at, mode);
  }

  private void stage(Node on, Place at, Mode mode) throws Ended {
    steps.run(
        "stage",
        () -> {
          at.make();
          volume.stage(on, at, mode);
          return "";
        },
        "unstage",
        () -> {
          volume.unstage(on, at);
          at.remove();
          return "";
        });
    steps.run(
        "publish at a target",
        () -> {
          volume.publishTarget(on, at, mode);
          return "";
        },
        "unpublish from the target",
        () -> {
          volume.unpublishTarget(on, at);
          return "";
        });
  }

  private Node second() throws Step.Skipped {
    return second.orElseThrow(
        () -> new Step.Skipped("there is no second node: give --second-endpoint"));
  }

  /** The rule: while one node may write, no other node gets the volume. */
  private void refuseSecond() throws Ended {
    steps.runOptional(
        "refuse a second node",
        () -> {
          Node other = second();
          try {
            volume.publish(other, other, volume.writer());
          } catch (StatusRuntimeException e) {
            String message = String.valueOf(e.getStatus().getDescription());
            if (e.getStatus().getCode() == Status.Code.FAILED_PRECONDITION
                && message.contains(node.id())) {
              return message;
            }
            throw e;
          }
          volume.unpublish(other, other);
          throw new IllegalStateException(
              "the volume was published to " + other.id() + " too, and must not be");
        });
  }

  /** A directory has many writers. */
  private void shareWithSecond() throws Ended {
    if (second.isEmpty()) {
      steps.runOptional("share it with a second node", () -> second().id());
      return;
    }
    int before = steps.depth();
    use(second.get(), secondPlace, volume.writer());
    TestData seen = data.in(volume, secondPlace.target());
    steps.run("read it on " + second.get().id(), seen::read);
    steps.undo(before);
  }

  private void limit() throws Ended {
    steps.run(
        "limit its users",
        () -> {
          volume.limit(node, WRITES, LIMIT_BYTES);
          return "to " + ByteSize.format(LIMIT_BYTES) + " written in a second";
        },
        "take the limit away",
        () -> {
          volume.limit(node, WRITES, 0);
          return "";
        });
  }

  private void grow(int published) throws Ended {
    steps.run("expand", this::expand);
    if (!nodeMustGrow) {
      return;
    }
    steps.runOptional("grow it in use", this::growInUse);
    if (nodeMustGrow) {
      steps.undo(published);
      stage(node, place, volume.writer());
      steps.run("see it grown by staging", this::requireGrown);
    }
    steps.run("read the data again", data::read);
  }

  private String expand() {
    usableBytesBefore = usableBytes();
    ControllerExpandVolumeResponse grown = volume.expand(node, MORE_BYTES, volume.writer());
    nodeMustGrow = grown.getNodeExpansionRequired();
    return ByteSize.format(grown.getCapacityBytes());
  }

  private String growInUse() throws Step.Skipped {
    try {
      volume.expandOnNode(node, place, MORE_BYTES, volume.writer());
    } catch (StatusRuntimeException e) {
      String message = String.valueOf(e.getStatus().getDescription());
      // The kernel lets nobody without it grow a mounted ext4.
      if (message.contains("CAP_SYS_RESOURCE")) {
        throw new Step.Skipped(message);
      }
      throw e;
    }
    nodeMustGrow = false;
    return requireGrown();
  }

  private String requireGrown() {
    long now = usableBytes();
    if (now <= usableBytesBefore) {
      throw new IllegalStateException(
          "it has " + now + " bytes, no more than the " + usableBytesBefore + " before");
    }
    return ByteSize.format(usableBytesBefore) + " became " + ByteSize.format(now);
  }

  private long usableBytes() {
    return volume.statistics(node, place).stream()
        .filter(usage -> usage.getUnit() == VolumeUsage.Unit.BYTES)
        .mapToLong(VolumeUsage::getTotal)
        .sum();
  }

  private String statistics() {
    return volume.statistics(node, place).stream()
        .map(usage ->
            usage.getUnit() == VolumeUsage.Unit.BYTES
                ? ByteSize.format(usage.getUsed()) + " of " + ByteSize.format(usage.getTotal())
                : usage.getUsed() + " of " + usage.getTotal() + " inodes")
        .collect(Collectors.joining(", "));
  }

  private void readOnly() throws Ended {
    use(node, place, READERS);
    steps.run("read the data", data::read);
    steps.run("refuse a write", data::writeInVain);
    steps.run("read the data again", data::read);
    steps.runOptional(
        "let a second node read",
        () -> {
          Node other = second();
          volume.publish(other, other, READERS);
          volume.unpublish(other, other);
          return "granted to " + other.id();
        });
  }
}
