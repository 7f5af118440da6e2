package dev.rockpool.storage;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.time.Instant;
import java.util.List;

/**
 * The record of a group of snapshots of one moment: what makes its members a group. While it is not
 * ready none of its members is.
 *
 * @param formatVersion of this record; another one than {@link #FORMAT_VERSION} is refused
 * @param id of the group, and the name of its directory
 * @param name that its creator gave it
 * @param state what may be done with it
 * @param members its snapshots, in the order of their sources' ids
 * @param createdAt the moment whose content its members have
 */
public record GroupRecord(
    int formatVersion,
    GroupId id,
    String name,
    State state,
    List<Member> members,
    Instant createdAt) {

  public static final int FORMAT_VERSION = 1;

  /** Where a group is in its life. */
  public enum State {
    @JsonProperty("creating")
    CREATING,
    @JsonProperty("ready")
    READY,
    @JsonProperty("deleting")
    DELETING
  }

  /**
   * A member.
   *
   * @param snapshot which one
   * @param source the volume that it was taken of
   */
  public record Member(SnapshotId snapshot, VolumeId source) {}

  public GroupRecord {
    members = List.copyOf(members);
  }

  GroupRecord withState(State next, Instant moment) {
    return new GroupRecord(formatVersion, id, name, next, members, moment);
  }
}
