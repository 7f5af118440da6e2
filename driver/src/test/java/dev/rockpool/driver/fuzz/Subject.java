package dev.rockpool.driver.fuzz;

import dev.rockpool.proto.csi.VolumeCapability.AccessMode.Mode;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;

/**
 * A volume that requests are about, so that what they say of it fits together and they get far.
 *
 * @param number of it
 * @param fsType empty = raw block
 * @param mode that it is created for
 * @param bytes that it has at least
 * @param pool that it is made in
 */
record Subject(int number, String fsType, Mode mode, long bytes, String pool) {
  static final List<Subject> ALL =
      List.of(
          new Subject(0, "ext4", Mode.SINGLE_NODE_MULTI_WRITER, 16 << 20, "default"),
          new Subject(1, "", Mode.SINGLE_NODE_WRITER, 1 << 20, "default"),
          new Subject(2, "xfs", Mode.SINGLE_NODE_SINGLE_WRITER, 300 << 20, "default"),
          new Subject(3, "ext4", Mode.MULTI_NODE_MULTI_WRITER, 1 << 20, "team"),
          new Subject(4, "", Mode.MULTI_NODE_MULTI_WRITER, 1 << 20, "team"));

  static Subject any(Random random) {
    return ALL.get(random.nextInt(ALL.size()));
  }

  String volume() {
    return "volume-" + number;
  }

  String snapshot() {
    return "snapshot-" + number;
  }

  String group() {
    return "group-" + number;
  }

  Path staging(Path targets) {
    return targets.resolve("staging-" + number);
  }

  Path target(Path targets, int which) {
    return targets.resolve("target-" + number + "-" + which);
  }
}
