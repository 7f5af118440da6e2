package dev.rockpool.node;

import dev.rockpool.proto.Capability;
import dev.rockpool.storage.Contents;
import dev.rockpool.storage.NoDiskConflict.Target;
import dev.rockpool.storage.Pool;
import dev.rockpool.storage.Pools;
import dev.rockpool.storage.StorageException;
import dev.rockpool.storage.StorageException.Reason;
import dev.rockpool.storage.VolumeId;
import dev.rockpool.storage.VolumeRecord;
import java.nio.file.Path;
import java.util.List;

/** What must hold before a volume is staged, published or taken off, each with its refusal. */
final class Requirements {
  private Requirements() {}

  /** That the volume is staged already just as it is asked for; ALREADY_EXISTS if not. */
  static void same(StagedVolume now, StagedVolume wanted) {
    boolean same =
        now.stagingPath().equals(wanted.stagingPath())
            && now.mode() == wanted.mode()
            && now.access() == wanted.access();
    if (!same) {
      throw new StorageException(
          Reason.ALREADY_EXISTS,
          "volume \""
              + now.volume()
              + "\" is staged at "
              + now.stagingPath()
              + " as "
              + now.mode()
              + " "
              + now.access()
              + "; asked: "
              + wanted.stagingPath()
              + " as "
              + wanted.mode()
              + " "
              + wanted.access());
    }
  }

  /** That the volume can be used so at all; PRECONDITION if not. */
  static void support(VolumeRecord record, Capability capability) {
    record
        .objection(capability.block(), capability.fsType(), capability.mode())
        .ifPresent(objection -> {
          throw StorageException.precondition("volume_capability: " + objection);
        });
  }

  /** That the staged volume can be published so; PRECONDITION if not. */
  static void use(StagedVolume volume, Capability capability) {
    boolean block = volume.contents() == Contents.BLOCK;
    boolean sameType =
        capability.fsType().isEmpty()
            || volume.contents().fsType().isEmpty()
            || capability.fsType().equals(volume.contents().fsType());
    if (capability.block() != block || !sameType) {
      throw StorageException.precondition(
          "volume_capability: volume \""
              + volume.volume()
              + "\" is "
              + volume.contents().description());
    }
  }

  /** That no target shows the volume; PRECONDITION if one does. */
  static void unpublished(StagedVolume volume) {
    List<Target> targets = volume.publishedTargets();
    if (!targets.isEmpty()) {
      throw StorageException.precondition(
          "volume \"" + volume.volume() + "\" is still published at " + targets.getFirst().path());
    }
  }

  /** The volume of that id; NOT_FOUND if there is none, or it is not ready. */
  static Pools.Found ready(Pools pools, VolumeId id) {
    return pools.ready(id).orElseThrow(() -> StorageException.notFound("no volume \"" + id + "\""));
  }

  /** That the path is in no pool; INVALID if it is. */
  static void outside(Pools pools, Path path) {
    for (Pool pool : pools.all()) {
      if (path.startsWith(pool.directory())) {
        throw StorageException.invalid(path + " is inside of pool \"" + pool.name() + "\"");
      }
    }
  }

  /** That the path is free; ALREADY_EXISTS if not. */
  static void nothingMounted(Path path) {
    if (Mounts.at(path).isPresent()) {
      throw new StorageException(
          Reason.ALREADY_EXISTS, "something else is mounted at " + path + " already");
    }
  }
}
