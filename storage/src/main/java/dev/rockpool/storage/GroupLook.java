package dev.rockpool.storage;

import dev.rockpool.storage.Finding.Kind;
import java.io.IOException;
import java.nio.file.Files;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Looks at the groups of snapshots of a pool. */
final class GroupLook extends EntryLook<GroupId, GroupRecord> {
  private final PoolLook whole;

  GroupLook(PoolLook whole) {
    super(whole, new GroupStore(whole.layout(), () -> true).kind());
    this.whole = whole;
  }

  @Override
  Set<String> contents(GroupRecord record) {
    return Set.of();
  }

  @Override
  void check(Entry entry, GroupId id, GroupRecord record) throws IOException {
    String name = "group \"" + id + "\"";
    switch (record.state()) {
      case CREATING -> {
        if (!entry.isHeld()) {
          entry.add(
              Kind.CREATING_INTERRUPTED,
              name + " is half taken, and nobody goes on with it",
              "repeat CreateVolumeGroupSnapshot with the name \""
                  + Printable.of(record.name())
                  + "\", or DeleteVolumeGroupSnapshot",
              record.createdAt());
        }
      }
      case DELETING -> {
        if (!entry.isHeld()) {
          entry.add(
              Kind.DELETING_INTERRUPTED,
              name + " is half deleted, and nobody goes on with it",
              "repeat DeleteVolumeGroupSnapshot",
              record.createdAt());
        }
      }
      case READY -> {
        List<SnapshotId> missing =
            record.members().stream()
                .map(GroupRecord.Member::snapshot)
                .filter(member -> !isMember(member, id))
                .toList();
        if (!missing.isEmpty()) {
          entry.add(
              Kind.MEMBER_MISSING,
              name + " has lost its members " + missing,
              "check all pools of its volumes together, since members are where their volumes"
                  + " are; if they are in none, the group can't be restored whole, and"
                  + " DeleteVolumeGroupSnapshot removes what is left of it",
              missing);
        }
      }
    }
  }

  private boolean isMember(SnapshotId id, GroupId group) {
    return whole.all().stream().anyMatch(pool -> isMember(pool, id, group));
  }

  /** One whose record can't be read is found as such. */
  private static boolean isMember(PoolLayout pool, SnapshotId id, GroupId group) {
    SnapshotStore store = new SnapshotStore(pool, () -> true);
    try {
      Optional<SnapshotRecord> record = store.find(id);
      return record.isPresent()
          && record.get().group().equals(Optional.of(group))
          && record.get().state() != SnapshotRecord.State.DELETING;
    } catch (StorageException e) {
      return Files.exists(store.kind().directory(id));
    }
  }
}
