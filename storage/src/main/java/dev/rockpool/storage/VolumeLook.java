package dev.rockpool.storage;

import dev.rockpool.storage.Finding.Kind;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Looks at the volumes of a pool. */
final class VolumeLook extends EntryLook<VolumeId, VolumeRecord> {
  VolumeLook(PoolLook whole) {
    super(whole, new VolumeStore(whole.layout(), () -> true).kind());
  }

  @Override
  Set<String> contents(VolumeRecord record) {
    return Set.of(PoolLayout.nameOf(record.contents()));
  }

  @Override
  void check(Entry entry, VolumeId id, VolumeRecord record) throws IOException {
    String name = "volume \"" + id + "\"";
    if (record.capacityBytes() <= 0 || record.sectorBytes() <= 0 || record.copiedBytes() < 0) {
      entry.add(
          Kind.RECORD_IMPLAUSIBLE,
          "the record of "
              + name
              + " can't be true: capacityBytes "
              + record.capacityBytes()
              + ", sectorBytes "
              + record.sectorBytes()
              + ", copiedBytes "
              + record.copiedBytes(),
          "restore its volume.json from a copy");
      return;
    }
    switch (record.state()) {
      case CREATING -> {
        if (!entry.isHeld()) {
          entry.add(
              Kind.CREATING_INTERRUPTED,
              name
                  + " is half made, nobody goes on with it, and its "
                  + record.capacityBytes()
                  + " bytes stay promised",
              "repeat CreateVolume with the name \""
                  + Printable.of(record.name())
                  + "\", which goes on, or DeleteVolume",
              record.createdAt(),
              record.copiedBytes());
        }
      }
      case DELETING -> {
        if (!entry.isHeld()) {
          entry.add(
              Finding.repairable(
                  entry.place(),
                  Kind.DELETING_INTERRUPTED,
                  name
                      + " is half deleted, nobody goes on with it, and its "
                      + record.capacityBytes()
                      + " bytes stay promised",
                  "a repair goes on with it, and so does DeleteVolume"),
              record.createdAt());
        }
      }
      case READY -> {
        if (record.contents().image()) {
          checkImage(
              entry, name, record.capacityBytes(), entry.isGrowing(), record.contents().fsType());
        } else {
          checkTree(entry, name);
        }
        checkMountPoint(entry, name);
      }
    }
    checkHolders(entry, name, record);
  }

  private static void checkMountPoint(Entry entry, String name) throws IOException {
    Path mountPoint = entry.directory().resolve(PoolLayout.MOUNT_POINT);
    Optional<Stat> stat = Stat.of(mountPoint);
    if (stat.isPresent()) {
      entry
          .look()
          .add(
              Finding.repairable(
                  entry.look().place(mountPoint),
                  Kind.MOUNT_POINT,
                  mountPoint + " is left over from making " + name,
                  "a repair removes it, unless something is mounted there: unmount that first"),
              "" + stat.get().inode());
    }
  }

  private static void checkHolders(Entry entry, String name, VolumeRecord record) {
    List<Attachment> holders = record.attachments();
    for (int i = 0; i < holders.size(); i++) {
      Attachment held = holders.get(i);
      if (!entry.look().knows(held.node())) {
        entry.add(
            Kind.HOLDER_UNKNOWN,
            name + " is published to node \"" + held.node() + "\", which never opened the pool",
            "ControllerUnpublishVolume with that node's id, or release the node when the pool is"
                + " imported",
            held.node());
      }
      NoDiskConflict.Verdict<Attachment> verdict =
          NoDiskConflict.attach(holders.subList(0, i), held, record.shareable());
      if (!(verdict instanceof NoDiskConflict.Verdict.Granted<Attachment>)) {
        entry.add(
            Kind.HOLDERS_CONFLICT,
            name
                + " is published to "
                + holders.stream()
                    .map(holder -> holder.node() + " as " + holder.mode() + " " + holder.access())
                    .toList()
                + ", which exclude each other",
            "find out which of them uses it, and ControllerUnpublishVolume it from the others",
            holders);
        return;
      }
    }
  }
}
