package dev.rockpool.node;

import org.junit.jupiter.api.extension.RegisterExtension;

/** Snapshots by reflink, on btrfs. */
final class SnapshotsOnBtrfsIT extends ReflinkedSnapshotsContract {
  @RegisterExtension private static final Machine machine = Machine.btrfs();

  @Override
  Machine machine() {
    return machine;
  }
}
