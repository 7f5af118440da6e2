package dev.rockpool.node;

import dev.rockpool.storage.host.LoopDevice;
import dev.rockpool.storage.host.Mount;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * What is wrong with a volume in use, as far as the kernel tells: each filesystem in its own way.
 */
final class Ailments {
  private static final Path EXT4 = Path.of("/sys/fs/ext4");

  private Ailments() {}

  /**
   * Sentences, none if nothing is wrong.
   *
   * @param volume what this node remembers of it, if anything
   * @param mount where it is used
   */
  static List<String> of(Optional<StagedVolume> volume, Mount mount) {
    List<String> found = new ArrayList<>();
    boolean image = volume.isEmpty() || volume.get().contents().image();
    Optional<LoopDevice> device = image ? Mounts.loop(mount) : Optional.empty();
    device.ifPresent(loop -> ofDevice(loop, found));
    boolean node = LoopDevice.boundAt(mount).isPresent();
    if (device.isPresent() && !node) {
      boolean writable = volume.filter(Ailments::stagedToBeWritten).isPresent();
      ofFilesystem(device.get(), mount, writable, found);
    }
    if (!node) {
      readable(mount.mountPoint(), found);
    }
    return found;
  }

  /** What the user's own mount flags made read-only is so where it is staged, too. */
  private static boolean stagedToBeWritten(StagedVolume volume) {
    return !volume.readOnly()
        && Mounts.at(volume.stagingPath())
            .filter(staged -> !staged.options().contains("ro"))
            .isPresent();
  }

  private static void ofDevice(LoopDevice device, List<String> found) {
    Optional<String> file = device.backingFile();
    if (file.isEmpty()) {
      found.add("its device " + device + " serves no image any more");
    } else if (file.get().endsWith(" (deleted)")) {
      found.add(
          "its image was deleted while in use, and is lost when the volume is unstaged: "
              + file.get());
    }
  }

  private static void ofFilesystem(
      LoopDevice device, Mount mount, boolean writable, List<String> found) {
    boolean shutDown = mount.superOptions().contains("shutdown");
    // Since Linux 6.15 ext4 says emergency_ro; before, and other filesystems, ro like any other.
    boolean madeReadOnly =
        mount.superOptions().contains("emergency_ro")
            || (writable && mount.superOptions().contains("ro"));
    if (shutDown) {
      found.add("its " + mount.fsType() + " is shut down; the kernel's log tells why");
    } else if (madeReadOnly) {
      found.add(
          "the kernel made its "
              + mount.fsType()
              + " read-only after an error, which its log tells; unstage the volume and check it");
    }
    if (mount.fsType().equals("ext4")) {
      errors(device, found);
    }
  }

  /** What ext4 has found since it was checked last, also if it went on. */
  private static void errors(LoopDevice device, List<String> found) {
    try {
      Path file = EXT4.resolve(String.valueOf(device.path().getFileName())).resolve("errors_count");
      String count = Files.readString(file).strip();
      if (!count.equals("0")) {
        found.add(
            "its ext4 has found errors in itself ("
                + count
                + "); unstage the volume and run e2fsck on it");
      }
    } catch (IOException e) {
      // This kernel does not count them.
    }
  }

  /** XFS shows in no list that it is shut down, but lets nobody look at its root any more. */
  private static void readable(Path mountPoint, List<String> found) {
    try {
      var _ = Files.readAttributes(mountPoint, BasicFileAttributes.class);
    } catch (IOException e) {
      found.add("its filesystem can't be read: " + e.getMessage());
    }
  }
}
