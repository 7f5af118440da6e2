package dev.rockpool.storage;

import java.util.List;

/**
 * A group of snapshots of one moment.
 *
 * @param record the truth about it
 * @param members its snapshots
 */
public record SnapshotGroup(GroupRecord record, List<Snapshot> members) {
  public SnapshotGroup {
    members = List.copyOf(members);
  }

  public GroupId id() {
    return record.id();
  }
}
