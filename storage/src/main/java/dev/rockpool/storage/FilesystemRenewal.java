package dev.rockpool.storage;

import dev.rockpool.storage.host.Command;
import dev.rockpool.storage.host.CommandException;
import dev.rockpool.storage.host.Host;
import dev.rockpool.storage.host.LoopDevice;
import dev.rockpool.storage.host.LoopDevices;
import dev.rockpool.storage.host.MountTable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.UUID;

/**
 * Makes a filesystem that was copied with its image one of its own, before anybody gets it: its
 * journal is replayed, so that read-only users find it clean; it gets another UUID where two with
 * the same can't be mounted on one node; and it is grown to its image.
 */
final class FilesystemRenewal {
  private static final Duration LIMIT = Duration.ofMinutes(30);
  // e2fsck(8): errors were corrected.
  private static final int CORRECTED = 1;

  private final Host host;
  private final LoopDevices loops;

  FilesystemRenewal(Host host, LoopDevices loops) {
    this.host = host;
    this.loops = loops;
  }

  /** A filesystem that is mounted for a moment. */
  private interface Mounted {
    void run(LoopDevice device);
  }

  /**
   * Renews the filesystem in the image, which nobody uses; begun again, it goes on.
   *
   * @param mountPoint where it may be mounted meanwhile; it is made, and removed again
   */
  void renew(FsType type, Path image, int sectorBytes, Path mountPoint) throws IOException {
    clear(mountPoint);
    boolean grow = Superblock.read(image).filter(found -> found.growsTo(size(image))).isPresent();
    switch (type) {
      case EXT4 -> renewExt4(image, grow);
      case XFS -> {
        if (grow) {
          mounted(type, image, sectorBytes, mountPoint, device -> grow(type, device, mountPoint));
        }
        renewXfs(image, sectorBytes, mountPoint);
      }
      case BTRFS -> {
        // btrfstune loses the log, and the mount that would replay it then fails.
        if (Superblock.dirty(image, type)) {
          mounted(type, image, sectorBytes, mountPoint, _ -> {});
        }
        host.run(Command.of("btrfstune", "-f", "-m", image.toString()).within(LIMIT));
        if (grow) {
          mounted(type, image, sectorBytes, mountPoint, device -> grow(type, device, mountPoint));
        }
      }
    }
    AtomicFiles.sync(image);
  }

  /** Takes away what a renewal that was cut short left: a mount, with its device. */
  void clear(Path mountPoint) throws IOException {
    if (!Files.exists(mountPoint)) {
      return;
    }
    while (MountTable.read().at(mountPoint).isPresent()) {
      host.run(Command.of("umount", mountPoint.toString()).within(LIMIT));
    }
    Files.delete(mountPoint);
  }

  private void renewExt4(Path image, boolean grow) throws IOException {
    if (grow || Superblock.dirty(image, FsType.EXT4)) {
      Command check = Command.of("e2fsck", "-p");
      // resize2fs wants a full check.
      check = grow ? check.with("-f") : check;
      try {
        host.run(check.with(image.toString()).within(LIMIT));
      } catch (CommandException e) {
        if (e.exitCode() != CORRECTED) {
          throw e;
        }
      }
    }
    if (grow) {
      host.run(Command.of("resize2fs", image.toString()).within(LIMIT));
    }
  }

  /** A log that is not clean must be replayed first, which only the superblock's UUID tells. */
  private void renewXfs(Path image, int sectorBytes, Path mountPoint) throws IOException {
    UUID before = Superblock.uuid(image, FsType.XFS);
    Command generate = Command.of("xfs_admin", "-U", "generate", image.toString()).within(LIMIT);
    // With a dirty log it changes nothing, and still exits with 0.
    host.run(generate);
    if (Superblock.uuid(image, FsType.XFS).equals(before)) {
      mounted(FsType.XFS, image, sectorBytes, mountPoint, _ -> {});
      host.run(generate);
    }
    if (Superblock.uuid(image, FsType.XFS).equals(before)) {
      throw new StorageException(
          StorageException.Reason.FAILED, generate + " gave the filesystem no new UUID");
    }
  }

  private void mounted(FsType type, Path image, int sectorBytes, Path mountPoint, Mounted action)
      throws IOException {
    if (!Files.isDirectory(mountPoint)) {
      Files.createDirectory(mountPoint, AtomicFiles.OWNER_DIRECTORY);
    }
    // It vanishes with its mount, or with this process.
    try (LoopDevices.Held held = loops.hold(image, false, sectorBytes)) {
      String options = "nosuid,nodev,noexec" + (type == FsType.XFS ? ",nouuid" : "");
      host.run(
          Command.of(
                  "mount",
                  "-t",
                  type.label(),
                  "-o",
                  options,
                  held.device().toString(),
                  mountPoint.toString())
              .within(LIMIT));
      try {
        action.run(held.device());
      } finally {
        host.run(Command.of("umount", mountPoint.toString()).within(LIMIT));
      }
    }
    Files.deleteIfExists(mountPoint);
  }

  private void grow(FsType type, LoopDevice device, Path mountPoint) {
    host.run(Command.of(type.growMounted(device.path(), mountPoint)).within(LIMIT));
  }

  private static long size(Path image) {
    try {
      return Files.size(image);
    } catch (IOException e) {
      throw StorageException.of("can't measure " + image, e);
    }
  }
}
