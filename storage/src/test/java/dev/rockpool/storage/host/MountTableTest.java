package dev.rockpool.storage.host;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;

final class MountTableTest {
  /** Lines as proc_pid_mountinfo(5) has them. */
  private static final MountTable TABLE =
      MountTable.parse(
          """
          22 1 259:2 / / rw,relatime shared:1 - ext4 /dev/nvme0n1p2 rw,errors=remount-ro
          30 22 0:25 / /mnt/no-optional-fields ro,nosuid - tmpfs tmpfs rw,size=1024k
          31 22 7:3 / /mnt/many rw,relatime shared:2 master:1 propagate_from:3 unbindable - xfs /dev/loop3 rw,nouuid
          32 22 7:3 /sub/dir /mnt/bound ro - xfs /dev/loop3 rw,nouuid
          33 22 0:5 /loop4 /mnt/node rw - devtmpfs devtmpfs rw
          34 22 0:44 / /mnt/a\\040b\\011c\\012d\\134e rw - fuse.ceph /dev/odd\\040name rw
          35 30 0:45 / /mnt/twice rw - tmpfs lower rw
          36 35 0:46 / /mnt/twice rw - tmpfs upper rw
          37 22 0:47 / /mnt/readonly rw - ext4 /dev/loop5 ro
          38 22 0:48 /x\\040(deleted) /mnt/deleted//deleted rw - ext4 none rw
          """);

  @Test
  void aLineIsReadWithAndWithoutOptionalFields() {
    assertThat(TABLE.at(Path.of("/mnt/no-optional-fields")))
        .hasValueSatisfying(mount -> {
          assertThat(mount.device()).isEqualTo("0:25");
          assertThat(mount.root()).isEqualTo("/");
          assertThat(mount.options()).containsExactlyInAnyOrder("ro", "nosuid");
          assertThat(mount.fsType()).isEqualTo("tmpfs");
          assertThat(mount.source()).isEqualTo("tmpfs");
          assertThat(mount.superOptions()).containsExactlyInAnyOrder("rw", "size=1024k");
        });
    assertThat(TABLE.at(Path.of("/mnt/many")))
        .hasValueSatisfying(mount -> {
          assertThat(mount.fsType()).isEqualTo("xfs");
          assertThat(mount.source()).isEqualTo("/dev/loop3");
          assertThat(mount.superOptions()).containsExactlyInAnyOrder("rw", "nouuid");
        });
  }

  @Test
  void whatTheKernelEscapesIsReadBack() {
    assertThat(TABLE.at(Path.of("/mnt/a b\tc\nd\\e")))
        .hasValueSatisfying(mount -> assertThat(mount.source()).isEqualTo("/dev/odd name"));
  }

  @Test
  void ofMountsOnOneAnotherTheUppermostCounts() {
    assertThat(TABLE.at(Path.of("/mnt/twice")))
        .hasValueSatisfying(mount -> assertThat(mount.source()).isEqualTo("upper"));
  }

  @Test
  void aPathIsHeldByTheNearestMountAboveIt() {
    assertThat(TABLE.holding(Path.of("/mnt/many/a/b")))
        .hasValueSatisfying(mount -> assertThat(mount.device()).isEqualTo("7:3"));
    assertThat(TABLE.holding(Path.of("/mnt/many")))
        .hasValueSatisfying(mount -> assertThat(mount.device()).isEqualTo("7:3"));
    // Not /mnt/many, which is only the beginning of its text.
    assertThat(TABLE.holding(Path.of("/mnt/many-more")))
        .hasValueSatisfying(mount -> assertThat(mount.mountPoint()).isEqualTo(Path.of("/")));
  }

  @Test
  void aMountIsReadOnlyByItsOwnOptionsOrItsFilesystems() {
    assertThat(TABLE.at(Path.of("/mnt/bound"))).map(Mount::readOnly).contains(true);
    assertThat(TABLE.at(Path.of("/mnt/readonly"))).map(Mount::readOnly).contains(true);
    assertThat(TABLE.at(Path.of("/mnt/many"))).map(Mount::readOnly).contains(false);
  }

  @Test
  void allMountsOfADeviceAreFound() {
    assertThat(TABLE.ofDevice("7:3"))
        .extracting(Mount::mountPoint)
        .containsExactly(Path.of("/mnt/many"), Path.of("/mnt/bound"));
  }

  @Test
  void aLoopDevicesNodeIsKnownWhereItIsBound() {
    assertThat(TABLE.at(Path.of("/mnt/node")).flatMap(LoopDevice::boundAt))
        .contains(new LoopDevice(4));
    assertThat(TABLE.at(Path.of("/mnt/many")).flatMap(LoopDevice::boundAt)).isEmpty();
    assertThat(TABLE.at(Path.of("/mnt/many")).flatMap(LoopDevice::under))
        .contains(new LoopDevice(3));
  }

  /** Such as a name of another encoding on a USB stick, while ours is the C locale's. */
  @Test
  void aMountPointThatCantBeAPathHidesNoOther() {
    MountTable table =
        MountTable.parse(
            """
            22 1 259:2 / / rw - ext4 /dev/sda rw
            23 22 0:30 / /media/\\000 rw - vfat /dev/sdb rw
            24 22 0:31 / /mnt rw - xfs /dev/sdc rw
            """);
    assertThat(table.at(Path.of("/mnt"))).isPresent();
    assertThat(table.all()).hasSize(2);
  }

  @Test
  void thisMachinesOwnTableIsRead() {
    assertThat(MountTable.read().holding(Path.of("/proc/self")))
        .hasValueSatisfying(mount -> assertThat(mount.fsType()).isEqualTo("proc"));
  }
}
