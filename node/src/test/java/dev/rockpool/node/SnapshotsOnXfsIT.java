package dev.rockpool.node;

import org.junit.jupiter.api.extension.RegisterExtension;

/** Snapshots by reflink, on XFS. */
final class SnapshotsOnXfsIT extends ReflinkedSnapshotsContract {
  @RegisterExtension private static final Machine machine = Machine.xfs();

  @Override
  Machine machine() {
    return machine;
  }
}
