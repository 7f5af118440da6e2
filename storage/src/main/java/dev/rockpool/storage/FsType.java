package dev.rockpool.storage;

import com.fasterxml.jackson.annotation.JsonValue;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** A filesystem that a volume can hold, and all in which one of them differs from the others. */
public enum FsType {
  // Below 16 MiB ext4's journal shrinks until it vanishes, and with it crash safety.
  EXT4("ext4", 16L << 20, "ro,noload"),
  // mkfs.xfs refuses less. Read-only users of one image share its UUID on one machine: nouuid.
  XFS("xfs", 300L << 20, "ro,norecovery,nouuid"),
  // Below 256 MiB btrfs can be made, but not resized.
  BTRFS("btrfs", 256L << 20, "ro,rescue=nologreplay");

  private final String label;
  private final long minimumBytes;
  private final String readOnlyOptions;

  FsType(String label, long minimumBytes, String readOnlyOptions) {
    this.label = label;
    this.minimumBytes = minimumBytes;
    this.readOnlyOptions = readOnlyOptions;
  }

  /** The filesystem that mount(8) knows under this name, if volumes can have it. */
  public static Optional<FsType> ofLabel(String label) {
    return Arrays.stream(values()).filter(type -> type.label.equals(label)).findFirst();
  }

  /** The name that mount(8) knows. */
  @JsonValue
  public String label() {
    return label;
  }

  /** Bytes below which it can't be made, or not grown later. */
  public long minimumBytes() {
    return minimumBytes;
  }

  /** Mount options under which not one byte of the device changes, a dirty journal included. */
  public String readOnlyOptions() {
    return readOnlyOptions;
  }

  /**
   * The command that makes the filesystem in an image file.
   *
   * @param sectorBytes the logical sector size that the image is served with
   * @param thick whether the image's space is allocated and must stay so (no discard)
   * @param options the user's own, last, so that they win
   */
  List<String> mkfs(Path image, int sectorBytes, boolean thick, List<String> options) {
    List<String> command = new ArrayList<>();
    switch (this) {
      case EXT4 -> {
        command.addAll(List.of("mkfs.ext4", "-q", "-F", "-m", "0"));
        if (sectorBytes > 1024) {
          command.addAll(List.of("-b", "4096"));
        }
        if (thick) {
          command.addAll(List.of("-E", "nodiscard"));
        }
      }
      case XFS -> {
        // Sectors of 4096 mount on devices with sectors of 512 and of 4096; 512 only on the former.
        command.addAll(List.of("mkfs.xfs", "-q", "-f", "-s", "size=4096"));
        if (thick) {
          command.add("-K");
        }
      }
      case BTRFS -> {
        command.addAll(List.of("mkfs.btrfs", "-q", "-f"));
        if (thick) {
          command.add("-K");
        }
      }
    }
    command.addAll(options);
    command.add(image.toString());
    return command;
  }

  /** The command that grows the mounted filesystem to the size of its device. */
  public List<String> growMounted(Path device, Path mountPoint) {
    return switch (this) {
      case EXT4 -> List.of("resize2fs", device.toString());
      case XFS -> List.of("xfs_growfs", "-d", mountPoint.toString());
      case BTRFS -> List.of("btrfs", "filesystem", "resize", "max", mountPoint.toString());
    };
  }
}
