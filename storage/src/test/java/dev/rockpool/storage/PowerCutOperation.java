package dev.rockpool.storage;

import static dev.rockpool.storage.Asked.MIB;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.OptionalLong;

/** What is done when the power is cut. It uses only volumes v, w, r, snapshot s and group g. */
enum PowerCutOperation {
  CREATE_EXT4 {
    @Override
    void call(OpenPool pool) {
      pool.create(Asked.filesystem("v", FsType.EXT4));
    }

    @Override
    void check(OpenPool pool) {
      pool.isSound("v");
    }
  },
  CREATE_XFS {
    @Override
    void call(OpenPool pool) {
      pool.create(Asked.filesystem("v", FsType.XFS).size(300 * MIB));
    }

    @Override
    void check(OpenPool pool) {
      pool.isSound("v");
    }
  },
  CREATE_BTRFS {
    @Override
    void call(OpenPool pool) {
      pool.create(Asked.filesystem("v", FsType.BTRFS).size(128 * MIB));
    }

    @Override
    void check(OpenPool pool) {
      pool.isSound("v");
    }
  },
  CREATE_THICK_BLOCK {
    @Override
    void call(OpenPool pool) {
      pool.create(Asked.block("v").thick());
    }

    @Override
    void check(OpenPool pool) {
      assertThat(pool.pool().image(VolumeId.parse("v"))).hasSize(16 * MIB);
    }
  },
  CREATE_DIRECTORY {
    @Override
    PoolKind kind() {
      return PoolKind.SHARED;
    }

    @Override
    void call(OpenPool pool) {
      pool.create(Asked.filesystem("v").modes(AccessMode.MULTI_NODE_MULTI_WRITER));
    }

    @Override
    void check(OpenPool pool) {
      assertThat(pool.pool().data(VolumeId.parse("v"))).isEmptyDirectory();
    }
  },
  DELETE {
    @Override
    void before(OpenPool pool) throws IOException {
      pool.create(Asked.block("v"));
      pool.write("v");
    }

    @Override
    void call(OpenPool pool) {
      pool.volumes().delete(VolumeId.parse("v"));
    }

    @Override
    void check(OpenPool pool) {
      assertThat(pool.volumes().find(VolumeId.parse("v"))).isEmpty();
      assertThat(pool.pool().layout().directory(VolumeId.parse("v"))).doesNotExist();
    }
  },
  EXPAND {
    @Override
    void before(OpenPool pool) throws IOException {
      pool.create(Asked.block("v"));
      pool.write("v");
    }

    @Override
    void call(OpenPool pool) {
      pool.volumes().expand(VolumeId.parse("v"), new SizeRange(20 * MIB, 0));
    }

    @Override
    void check(OpenPool pool) throws IOException {
      pool.holds("v", "v");
      assertThat(pool.record("v").capacityBytes()).isEqualTo(20 * MIB);
      assertThat(pool.pool().image(VolumeId.parse("v"))).hasSize(20 * MIB);
    }
  },
  EXPAND_THICK {
    @Override
    void before(OpenPool pool) throws IOException {
      pool.create(Asked.block("v").thick());
      pool.write("v");
    }

    @Override
    void call(OpenPool pool) {
      EXPAND.call(pool);
    }

    @Override
    void check(OpenPool pool) throws IOException {
      EXPAND.check(pool);
    }
  },
  ATTACH {
    private static final Attachment HOLDER =
        new Attachment(OpenPool.NODE, AccessMode.SINGLE_NODE_WRITER, Access.READ_WRITE);

    @Override
    void before(OpenPool pool) {
      pool.create(Asked.block("v"));
    }

    @Override
    void call(OpenPool pool) {
      pool.volumes().attach(VolumeId.parse("v"), HOLDER);
    }

    @Override
    void check(OpenPool pool) {
      assertThat(pool.record("v").attachments()).containsExactly(HOLDER);
    }
  },
  DETACH {
    @Override
    void before(OpenPool pool) throws IOException {
      ATTACH.before(pool);
      ATTACH.call(pool);
    }

    @Override
    void call(OpenPool pool) {
      pool.volumes().detach(VolumeId.parse("v"), java.util.Optional.of(OpenPool.NODE));
    }

    @Override
    void check(OpenPool pool) {
      assertThat(pool.record("v").attachments()).isEmpty();
    }
  },
  MODIFY {
    @Override
    void before(OpenPool pool) {
      pool.create(Asked.block("v"));
    }

    @Override
    void call(OpenPool pool) {
      OptionalLong same = OptionalLong.empty();
      pool.volumes()
          .modify(VolumeId.parse("v"), new IoLimits.Change(OptionalLong.of(100), same, same, same));
    }

    @Override
    void check(OpenPool pool) {
      assertThat(pool.record("v").limits().readIops()).isEqualTo(100);
    }
  },
  SNAPSHOT {
    @Override
    void before(OpenPool pool) throws IOException {
      pool.create(Asked.block("v"));
      pool.write("v");
    }

    @Override
    void call(OpenPool pool) {
      pool.snapshot("s", "v");
    }

    @Override
    void check(OpenPool pool) throws IOException {
      pool.holds("v", "v");
      pool.snapshotHolds("s", "v");
    }
  },
  SNAPSHOT_BY_COPYING {
    @Override
    String poolFs() {
      return "ext4";
    }

    @Override
    void before(OpenPool pool) throws IOException {
      SNAPSHOT.before(pool);
    }

    @Override
    void call(OpenPool pool) {
      SNAPSHOT.call(pool);
    }

    @Override
    void check(OpenPool pool) throws IOException {
      SNAPSHOT.check(pool);
    }
  },
  DELETE_SNAPSHOT {
    @Override
    void before(OpenPool pool) throws IOException {
      SNAPSHOT.before(pool);
      SNAPSHOT.call(pool);
    }

    @Override
    void call(OpenPool pool) {
      pool.deleteSnapshot("s");
    }

    @Override
    void check(OpenPool pool) throws IOException {
      pool.holds("v", "v");
      assertThat(pool.pool().layout().snapshots()).isEmptyDirectory();
    }
  },
  RESTORE_LARGER {
    @Override
    void before(OpenPool pool) throws IOException {
      pool.create(Asked.filesystem("v", FsType.EXT4));
      pool.snapshot("s", "v");
    }

    @Override
    void call(OpenPool pool) {
      pool.create(
          Asked.filesystem("r", FsType.EXT4).size(20 * MIB),
          new VolumeSource.OfSnapshot(SnapshotId.parse("s")));
    }

    @Override
    void check(OpenPool pool) {
      pool.isSound("r");
      pool.isSound("v");
    }
  },
  RESTORE_BY_COPYING {
    @Override
    String poolFs() {
      return "ext4";
    }

    @Override
    void before(OpenPool pool) throws IOException {
      SNAPSHOT.before(pool);
      SNAPSHOT.call(pool);
    }

    @Override
    void call(OpenPool pool) {
      pool.create(Asked.block("r"), new VolumeSource.OfSnapshot(SnapshotId.parse("s")));
    }

    @Override
    void check(OpenPool pool) throws IOException {
      pool.holds("r", "v");
      pool.snapshotHolds("s", "v");
    }
  },
  CLONE {
    @Override
    void before(OpenPool pool) throws IOException {
      SNAPSHOT.before(pool);
    }

    @Override
    void call(OpenPool pool) {
      pool.create(Asked.block("r"), new VolumeSource.OfVolume(VolumeId.parse("v")));
    }

    @Override
    void check(OpenPool pool) throws IOException {
      pool.holds("r", "v");
      pool.holds("v", "v");
    }
  },
  SNAPSHOT_DIRECTORY {
    @Override
    PoolKind kind() {
      return PoolKind.SHARED;
    }

    @Override
    void before(OpenPool pool) throws IOException {
      CREATE_DIRECTORY.call(pool);
      pool.writeFile("v");
    }

    @Override
    void call(OpenPool pool) {
      pool.snapshot("s", "v");
    }

    @Override
    void check(OpenPool pool) throws IOException {
      pool.holdsFile(pool.pool().data(VolumeId.parse("v")), "v");
      pool.holdsFile(pool.pool().data(SnapshotId.parse("s")), "v");
    }
  },
  CLONE_DIRECTORY {
    @Override
    PoolKind kind() {
      return PoolKind.SHARED;
    }

    @Override
    void before(OpenPool pool) throws IOException {
      SNAPSHOT_DIRECTORY.before(pool);
    }

    @Override
    void call(OpenPool pool) {
      pool.create(
          Asked.filesystem("r").modes(AccessMode.MULTI_NODE_MULTI_WRITER),
          new VolumeSource.OfVolume(VolumeId.parse("v")));
    }

    @Override
    void check(OpenPool pool) throws IOException {
      pool.holdsFile(pool.pool().data(VolumeId.parse("v")), "v");
      pool.holdsFile(pool.pool().data(VolumeId.parse("r")), "v");
    }
  },
  GROUP {
    @Override
    void before(OpenPool pool) throws IOException {
      for (String id : new String[] {"v", "w"}) {
        pool.create(Asked.block(id));
        pool.write(id);
      }
    }

    @Override
    void call(OpenPool pool) {
      pool.group("g", "v", "w");
    }

    @Override
    void check(OpenPool pool) throws IOException {
      assertThat(pool.snapshotIds()).hasSize(2);
      pool.holds("v", "v");
      pool.holds("w", "w");
    }
  },
  DELETE_GROUP {
    @Override
    void before(OpenPool pool) throws IOException {
      GROUP.before(pool);
      GROUP.call(pool);
    }

    @Override
    void call(OpenPool pool) {
      pool.deleteGroup("g");
    }

    @Override
    void check(OpenPool pool) throws IOException {
      assertThat(pool.snapshotIds()).isEmpty();
      assertThat(pool.pool().layout().snapshots()).isEmptyDirectory();
      pool.holds("v", "v");
    }
  };

  static final String DONE = "done";

  /** Does the operation of that name, with the pool in that directory. */
  static final class Main {
    private Main() {}

    public static void main(String[] arguments) throws IOException {
      try (OpenPool pool = OpenPool.open(Path.of(arguments[1]))) {
        valueOf(arguments[0]).call(pool);
        System.out.println(DONE);
      }
    }
  }

  /** The filesystem of the pool. */
  String poolFs() {
    return "xfs";
  }

  PoolKind kind() {
    return PoolKind.LOCAL;
  }

  /** Makes what the operation needs. */
  void before(OpenPool pool) throws IOException {}

  /** The operation, which may be done again. */
  abstract void call(OpenPool pool);

  /** Asserts that it was done, and that nothing else came to harm. */
  abstract void check(OpenPool pool) throws IOException;
}
