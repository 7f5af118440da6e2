package dev.rockpool.storage;

import com.fasterxml.jackson.annotation.JacksonInject;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.OptBoolean;
import java.time.Instant;
import java.util.Optional;

/**
 * The record of a snapshot: the truth about it, written before its contents exist.
 *
 * @param formatVersion of this record; another one than {@link #FORMAT_VERSION} is refused
 * @param id of the snapshot, and the name of its directory
 * @param name that its creator gave it
 * @param state what may be done with it
 * @param source the volume that it was taken of, which may be gone
 * @param contents what it consists of
 * @param sizeBytes the capacity that the volume had
 * @param sectorBytes logical sector size of the volume's device, 1 for a directory volume
 * @param promisedBytes of the pool that it takes when its blocks are shared with nobody any more
 * @param copiedBytes how far it has been copied, while that goes on
 * @param sourceChangedAt when the source was changed last before copying began: a copy is gone on
 *     with only while that is still so
 * @param node that takes it
 * @param group of which it is a member; a member is not deleted alone
 * @param createdAt the moment whose content it has
 * @param requestedBy for whom, where that is known; records of earlier releases don't say
 */
public record SnapshotRecord(
    int formatVersion,
    SnapshotId id,
    String name,
    State state,
    VolumeId source,
    Contents contents,
    long sizeBytes,
    int sectorBytes,
    long promisedBytes,
    long copiedBytes,
    Instant sourceChangedAt,
    NodeId node,
    Optional<GroupId> group,
    Instant createdAt,
    @JacksonInject(value = Json.ABSENT, useInput = OptBoolean.TRUE)
        @JsonInclude(JsonInclude.Include.NON_ABSENT)
        Optional<Requester> requestedBy) {

  public static final int FORMAT_VERSION = 1;

  /** Where a snapshot is in its life. */
  public enum State {
    /** Asked for; it has no moment yet. */
    @JsonProperty("creating")
    CREATING,
    /** Its moment is held, and being copied: it can be seen, but not be used. */
    @JsonProperty("copying")
    COPYING,
    @JsonProperty("ready")
    READY,
    @JsonProperty("deleting")
    DELETING
  }

  public boolean ready() {
    return state == State.READY;
  }

  SnapshotRecord withState(State next) {
    return with(next, promisedBytes, copiedBytes, sourceChangedAt, createdAt);
  }

  SnapshotRecord withCopied(long bytes) {
    return with(state, promisedBytes, bytes, sourceChangedAt, createdAt);
  }

  SnapshotRecord withPromised(long bytes) {
    return with(state, bytes, copiedBytes, sourceChangedAt, createdAt);
  }

  /** Copied from the beginning, of the content that the source has at this moment. */
  SnapshotRecord copyingFrom(Instant sourceChanged, Instant moment) {
    return with(State.COPYING, promisedBytes, 0, sourceChanged, moment);
  }

  SnapshotRecord readyAt(Instant moment) {
    return with(State.READY, promisedBytes, copiedBytes, sourceChangedAt, moment);
  }

  private SnapshotRecord with(
      State next, long promised, long copied, Instant sourceChanged, Instant moment) {
    return new SnapshotRecord(
        formatVersion,
        id,
        name,
        next,
        source,
        contents,
        sizeBytes,
        sectorBytes,
        promised,
        copied,
        sourceChanged,
        node,
        group,
        moment,
        requestedBy);
  }
}
