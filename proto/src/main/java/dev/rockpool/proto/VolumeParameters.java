package dev.rockpool.proto;

import dev.rockpool.storage.Allocation;
import dev.rockpool.storage.DiskConflict;
import dev.rockpool.storage.FsType;
import dev.rockpool.storage.PoolName;
import dev.rockpool.storage.Printable;
import dev.rockpool.storage.StorageException;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * The parameters of a StorageClass, and of a volume that a pod describes itself.
 *
 * @param pool the pool to take volumes from; empty = "default", or the only one there is
 * @param allocation when an image's space is taken; thin where nothing is said
 * @param diskConflict between whom the rule holds; nodes where nothing is said
 * @param mkfsOptions the user's own options of mkfs
 * @param fsType the filesystem, where it is a parameter and not in the capability
 */
public record VolumeParameters(
    Optional<PoolName> pool,
    Allocation allocation,
    DiskConflict diskConflict,
    List<String> mkfsOptions,
    Optional<FsType> fsType) {
  private static final String POOL = "pool";
  private static final String ALLOCATION = "allocation";
  private static final String DISK_CONFLICT = "diskConflict";
  private static final String MKFS_OPTIONS = "mkfsOptions";
  // Sidecars add the names of the claim and the like; most of it is not for us.
  private static final String SIDECAR_PREFIX = "csi.storage.k8s.io/";
  private static final String FS_TYPE = SIDECAR_PREFIX + "fstype";
  private static final List<String> KNOWN = List.of(POOL, ALLOCATION, DISK_CONFLICT, MKFS_OPTIONS);

  /**
   * @throws StorageException INVALID with the key, its value, and what is known
   */
  public static VolumeParameters parse(Map<String, String> parameters) {
    return parse(parameters, "parameters", List.of());
  }

  /**
   * @param field names them in messages
   * @param more keys that are known to who calls
   * @throws StorageException INVALID with the key, its value, and what is known
   */
  public static VolumeParameters parse(
      Map<String, String> parameters, String field, List<String> more) {
    List<String> known = Stream.concat(more.stream(), KNOWN.stream()).toList();
    Requests.requireKnown(parameters, field, known, SIDECAR_PREFIX);
    return new VolumeParameters(
        Optional.ofNullable(parameters.get(POOL))
            .map(pool -> Requests.require(pool, "parameter \"pool\"", PoolName::parse)),
        switch (parameters.getOrDefault(ALLOCATION, "thin")) {
          case "thin" -> Allocation.THIN;
          case "thick" -> Allocation.THICK;
          case String other -> throw unknown(ALLOCATION, other, "thin, thick");
        },
        switch (parameters.getOrDefault(DISK_CONFLICT, "node")) {
          case "node" -> DiskConflict.NODE;
          case "pod" -> DiskConflict.POD;
          case String other -> throw unknown(DISK_CONFLICT, other, "node, pod");
        },
        mkfsOptions(parameters.getOrDefault(MKFS_OPTIONS, "")),
        Capability.fsType(parameters.getOrDefault(FS_TYPE, ""), "parameter \"" + FS_TYPE + "\""));
  }

  private static List<String> mkfsOptions(String text) {
    if (text.isBlank()) {
      return List.of();
    }
    List<String> options = Arrays.asList(text.strip().split("\\s+"));
    boolean fine =
        options.getFirst().startsWith("-")
            && text.chars().noneMatch(c -> c == '/' || (Character.isISOControl(c) && c != '\t'));
    if (!fine) {
      throw StorageException.invalid(
          "parameter \""
              + MKFS_OPTIONS
              + "\" \""
              + Printable.of(text)
              + "\": expected options such"
              + " as \"-i 8192\", without paths");
    }
    return options;
  }

  private static StorageException unknown(String key, String value, String known) {
    return StorageException.invalid(
        "parameter \""
            + key
            + "\": unknown value \""
            + Printable.of(value)
            + "\"; known: "
            + known);
  }
}
