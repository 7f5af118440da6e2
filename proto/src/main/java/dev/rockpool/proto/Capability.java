package dev.rockpool.proto;

import dev.rockpool.proto.csi.VolumeCapability;
import dev.rockpool.storage.AccessMode;
import dev.rockpool.storage.FsType;
import dev.rockpool.storage.Printable;
import dev.rockpool.storage.StorageException;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * How a volume is to be used: a volume capability that was checked.
 *
 * @param block as a raw device, not as a filesystem
 * @param fsType the filesystem that it must have; empty = any
 * @param mode how many may use it
 * @param mountFlags for mount(8), of which some may be secret
 */
public record Capability(
    boolean block, Optional<FsType> fsType, AccessMode mode, List<String> mountFlags) {
  // They would change what is mounted, or where, instead of how.
  private static final Set<String> FORBIDDEN_FLAGS =
      Set.of(
          "bind",
          "rbind",
          "move",
          "remount",
          "loop",
          "offset",
          "sizelimit",
          "encryption",
          "shared",
          "rshared",
          "slave",
          "rslave",
          "private",
          "rprivate",
          "unbindable",
          "runbindable");

  public Capability {
    mountFlags = List.copyOf(mountFlags);
  }

  /**
   * @param field names the capability in messages
   * @throws StorageException INVALID if it is missing, incomplete, contradictory or unknown
   */
  public static Capability of(boolean present, VolumeCapability capability, String field) {
    if (!present) {
      throw StorageException.invalid(field + " is required");
    }
    AccessMode mode = mode(capability, field);
    return switch (capability.getAccessTypeCase()) {
      case BLOCK -> new Capability(true, Optional.empty(), mode, List.of());
      case MOUNT -> mount(capability.getMount(), mode, field);
      case ACCESSTYPE_NOT_SET -> throw withoutAccessType(field);
    };
  }

  /**
   * That each capability says of what it is one; whether it can be had is another question.
   *
   * @throws StorageException INVALID with the capability that lacks something
   */
  public static void requireComplete(List<VolumeCapability> capabilities) {
    for (int i = 0; i < capabilities.size(); i++) {
      String field = "volume_capabilities[" + i + "]";
      mode(capabilities.get(i), field);
      if (capabilities.get(i).getAccessTypeCase()
          == VolumeCapability.AccessTypeCase.ACCESSTYPE_NOT_SET) {
        throw withoutAccessType(field);
      }
    }
  }

  private static StorageException withoutAccessType(String field) {
    return StorageException.invalid(field + ": access_type is required: block or mount");
  }

  private static AccessMode mode(VolumeCapability capability, String field) {
    return switch (capability.getAccessMode().getMode()) {
      case SINGLE_NODE_WRITER -> AccessMode.SINGLE_NODE_WRITER;
      case SINGLE_NODE_READER_ONLY -> AccessMode.SINGLE_NODE_READER_ONLY;
      case MULTI_NODE_READER_ONLY -> AccessMode.MULTI_NODE_READER_ONLY;
      case MULTI_NODE_SINGLE_WRITER -> AccessMode.MULTI_NODE_SINGLE_WRITER;
      case MULTI_NODE_MULTI_WRITER -> AccessMode.MULTI_NODE_MULTI_WRITER;
      case SINGLE_NODE_SINGLE_WRITER -> AccessMode.SINGLE_NODE_SINGLE_WRITER;
      case SINGLE_NODE_MULTI_WRITER -> AccessMode.SINGLE_NODE_MULTI_WRITER;
      case UNKNOWN, UNRECOGNIZED ->
          throw StorageException.invalid(field + ": access_mode.mode is required");
    };
  }

  private static Capability mount(
      VolumeCapability.MountVolume mount, AccessMode mode, String field) {
    if (!mount.getVolumeMountGroup().isEmpty()) {
      throw StorageException.invalid(
          field + ": volume_mount_group is not supported (no VOLUME_MOUNT_GROUP capability)");
    }
    List<String> flags = mount.getMountFlagsList();
    for (int i = 0; i < flags.size(); i++) {
      if (!flags.get(i).chars().allMatch(c -> c > ' ' && c < 0x7f) || forbidden(flags.get(i))) {
        // Not the flag itself: it may be secret.
        throw StorageException.invalid(
            field
                + ": mount_flags["
                + i
                + "] is not allowed: flags must be printable, and what is"
                + " mounted, and where, is the driver's affair (no bind, remount, loop, X-…)");
      }
    }
    return new Capability(false, fsType(mount.getFsType(), field + ": fs_type"), mode, flags);
  }

  private static boolean forbidden(String flag) {
    return Arrays.stream(flag.split(",", -1))
        .map(part -> part.split("=", 2)[0])
        .anyMatch(name ->
            name.isEmpty()
                || FORBIDDEN_FLAGS.contains(name)
                || name.startsWith("X-")
                || name.startsWith("x-"));
  }

  /**
   * The filesystem of that name; empty for an empty name.
   *
   * @throws StorageException INVALID if volumes can't have it
   */
  public static Optional<FsType> fsType(String label, String field) {
    if (label.isEmpty()) {
      return Optional.empty();
    }
    Optional<FsType> type = FsType.ofLabel(label);
    if (type.isEmpty()) {
      throw StorageException.invalid(
          field
              + " \""
              + Printable.of(label)
              + "\" is not supported; supported: "
              + String.join(", ", Arrays.stream(FsType.values()).map(FsType::label).toList()));
    }
    return type;
  }
}
