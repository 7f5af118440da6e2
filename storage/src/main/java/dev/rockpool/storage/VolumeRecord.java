package dev.rockpool.storage;

import com.fasterxml.jackson.annotation.JacksonInject;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.OptBoolean;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * The record of a volume: the truth about it, written before its contents exist. It names all that
 * decides whether a repeated request is the same request.
 *
 * @param formatVersion of this record; another one than {@link #FORMAT_VERSION} is refused
 * @param id of the volume, and the name of its directory
 * @param name that its creator gave it
 * @param state what may be done with it
 * @param contents what it consists of
 * @param capacityBytes its size; for a directory volume the size that was asked for
 * @param sectorBytes logical sector size of the device, 1 for a directory volume
 * @param allocation when an image's space is taken
 * @param diskConflict between whom the rule holds
 * @param mkfsOptions the user's own options of mkfs
 * @param modes the access modes it was created for
 * @param source whose content it began with; empty = it began empty
 * @param copiedBytes how far the source's content is copied, while it is being created by copying
 * @param limits how fast each of its users may be
 * @param sizeEnforced whether users can't write more than its capacity
 * @param createdAt when it was asked for
 * @param attachments its holders
 * @param requestedBy for whom, where that is known; records of earlier releases don't say
 */
public record VolumeRecord(
    int formatVersion,
    VolumeId id,
    String name,
    State state,
    Contents contents,
    long capacityBytes,
    int sectorBytes,
    Allocation allocation,
    DiskConflict diskConflict,
    List<String> mkfsOptions,
    Set<AccessMode> modes,
    Optional<VolumeSource> source,
    long copiedBytes,
    IoLimits limits,
    boolean sizeEnforced,
    Instant createdAt,
    List<Attachment> attachments,
    @JacksonInject(value = Json.ABSENT, useInput = OptBoolean.TRUE)
        @JsonInclude(JsonInclude.Include.NON_ABSENT)
        Optional<Requester> requestedBy) {

  public static final int FORMAT_VERSION = 1;

  /** Where a volume is in its life; only a ready one is served. */
  public enum State {
    @JsonProperty("creating")
    CREATING,
    @JsonProperty("ready")
    READY,
    @JsonProperty("deleting")
    DELETING
  }

  public VolumeRecord {
    mkfsOptions = List.copyOf(mkfsOptions);
    modes = Set.copyOf(modes);
    attachments = List.copyOf(attachments);
  }

  /** Whether the rule leaves its users alone: it was created for many writers. */
  public boolean shareable() {
    return modes.contains(AccessMode.MULTI_NODE_MULTI_WRITER);
  }

  public Optional<Attachment> attachment(NodeId node) {
    return attachments.stream().filter(held -> held.node().equals(node)).findFirst();
  }

  /**
   * Why the volume can't be used in this way, or empty if it can.
   *
   * @param block as a raw device, not as a filesystem
   * @param fsType the filesystem asked for; empty = any
   */
  public Optional<String> objection(boolean block, Optional<FsType> fsType, AccessMode mode) {
    if (block != (contents == Contents.BLOCK)) {
      return Optional.of(
          "volume \""
              + id
              + "\" is "
              + contents.description()
              + ", it can't be used as "
              + (block ? "a raw block device" : "a filesystem"));
    }
    Optional<FsType> own = contents.fsType();
    if (own.isPresent() && fsType.isPresent() && !own.equals(fsType)) {
      return Optional.of(
          "volume \"" + id + "\" holds " + own.get().label() + ", not " + fsType.get().label());
    }
    boolean manyWriters =
        mode == AccessMode.MULTI_NODE_MULTI_WRITER || mode == AccessMode.MULTI_NODE_SINGLE_WRITER;
    if (manyWriters && !shareable()) {
      return Optional.of(
          "access mode "
              + mode
              + " needs a volume created with MULTI_NODE_MULTI_WRITER; \""
              + id
              + "\" was created for "
              + modes);
    }
    return Optional.empty();
  }

  public VolumeRecord withState(State next) {
    return with(next, capacityBytes, sizeEnforced, copiedBytes, limits, attachments);
  }

  public VolumeRecord withCapacity(long bytes, boolean enforced) {
    return with(state, bytes, enforced, copiedBytes, limits, attachments);
  }

  public VolumeRecord withCopied(long bytes) {
    return with(state, capacityBytes, sizeEnforced, bytes, limits, attachments);
  }

  public VolumeRecord withLimits(IoLimits next) {
    return with(state, capacityBytes, sizeEnforced, copiedBytes, next, attachments);
  }

  public VolumeRecord withAttachments(List<Attachment> holders) {
    return with(state, capacityBytes, sizeEnforced, copiedBytes, limits, holders);
  }

  /** All that ever changes in a record; the rest is what the volume is. */
  private VolumeRecord with(
      State next,
      long bytes,
      boolean enforced,
      long copied,
      IoLimits allowed,
      List<Attachment> holders) {
    return new VolumeRecord(
        formatVersion,
        id,
        name,
        next,
        contents,
        bytes,
        sectorBytes,
        allocation,
        diskConflict,
        mkfsOptions,
        modes,
        source,
        copied,
        allowed,
        enforced,
        createdAt,
        holders,
        requestedBy);
  }
}
