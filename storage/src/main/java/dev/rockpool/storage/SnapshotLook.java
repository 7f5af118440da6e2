package dev.rockpool.storage;

import dev.rockpool.storage.Finding.Kind;
import dev.rockpool.storage.host.LockState;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;

/** Looks at the snapshots of a pool. */
final class SnapshotLook extends EntryLook<SnapshotId, SnapshotRecord> {
  private final PoolLook whole;

  SnapshotLook(PoolLook whole) {
    super(whole, new SnapshotStore(whole.layout(), () -> true).kind());
    this.whole = whole;
  }

  @Override
  Set<String> contents(SnapshotRecord record) {
    return Set.of(PoolLayout.nameOf(record.contents()));
  }

  @Override
  void check(Entry entry, SnapshotId id, SnapshotRecord record) throws IOException {
    String name = "snapshot \"" + id + "\"";
    if (record.sizeBytes() <= 0
        || record.sectorBytes() <= 0
        || record.promisedBytes() < 0
        || record.promisedBytes() > record.sizeBytes()
        || record.copiedBytes() < 0) {
      entry.add(
          Kind.RECORD_IMPLAUSIBLE,
          "the record of "
              + name
              + " can't be true: sizeBytes "
              + record.sizeBytes()
              + ", sectorBytes "
              + record.sectorBytes()
              + ", promisedBytes "
              + record.promisedBytes()
              + ", copiedBytes "
              + record.copiedBytes(),
          "restore its snapshot.json from a copy");
      return;
    }
    switch (record.state()) {
      case CREATING -> {
        if (!entry.isHeld()) {
          entry.add(
              Kind.CREATING_INTERRUPTED,
              name
                  + " has no moment yet, nobody takes it, and its "
                  + record.promisedBytes()
                  + " bytes stay promised",
              record.group().isEmpty()
                  ? "repeat CreateSnapshot with the name \""
                      + Printable.of(record.name())
                      + "\", or DeleteSnapshot"
                  : "repeat CreateVolumeGroupSnapshot with the name \""
                      + Printable.of(record.name())
                      + "\", or DeleteVolumeGroupSnapshot",
              record.createdAt());
        }
      }
      case COPYING -> checkCopy(entry, name, record);
      case DELETING -> {
        if (!entry.isHeld()) {
          entry.add(
              Finding.repairable(
                  entry.place(),
                  Kind.DELETING_INTERRUPTED,
                  name
                      + " is half deleted, nobody goes on with it, and its "
                      + record.promisedBytes()
                      + " bytes stay promised",
                  "a repair goes on with it, and so does DeleteSnapshot"),
              record.createdAt());
        }
      }
      case READY -> {
        if (record.contents().image()) {
          // What an expansion that was cut short had left is in the snapshot too.
          checkImage(entry, name, record.sizeBytes(), true, record.contents().fsType());
        } else {
          checkTree(entry, name);
        }
      }
    }
    checkGroup(entry, name, record);
  }

  /** Who copies holds the volume as a reader: nobody may write it. */
  private void checkCopy(Entry entry, String name, SnapshotRecord record) throws IOException {
    Path volume = whole.layout().directory(record.source());
    if (!Files.exists(volume)) {
      entry.add(
          Kind.COPYING_INTERRUPTED,
          name
              + " was being copied, and its volume \""
              + record.source()
              + "\" is gone: it can't become ready",
          "DeleteSnapshot");
    } else if (FileLocks.state(volume.resolve(PoolLayout.USE_LOCK)) != LockState.SHARED) {
      entry.add(
          Kind.COPYING_INTERRUPTED,
          name + " was being copied, and nobody goes on with it",
          "start the driver while volume \""
              + record.source()
              + "\" is not in use, or repeat CreateSnapshot with the name \""
              + Printable.of(record.name())
              + "\" then",
          record.copiedBytes());
    }
  }

  private void checkGroup(Entry entry, String name, SnapshotRecord record) {
    record
        .group()
        .filter(group ->
            whole.all().stream()
                .noneMatch(pool -> Files.exists(pool.groups().resolve(group.value()))))
        .ifPresent(group ->
            entry.add(
                Kind.GROUP_MISSING,
                name
                    + " is a member of group \""
                    + group
                    + "\", which is not there: nobody sees the snapshot",
                "check all pools of its volumes together, since the group's record is in one of"
                    + " them; if it is in none, DeleteSnapshot"));
  }
}
