package dev.rockpool.storage;

import java.util.List;
import java.util.Optional;

/**
 * The volumes, wherever they are: {@link PoolVolumes} has them in the pools of this machine.
 *
 * <p>Every call is idempotent, and may be repeated after any failure and by any number of callers.
 * While one call works on a volume, another call on the same volume fails with BUSY at once; calls
 * on other volumes never wait. A call goes on when its caller has gone: the caller's retry finds
 * what it did. Every call can fail with UNAVAILABLE while pools can't be read.
 */
public interface Volumes {

  /**
   * Makes the volume, or finds the one of that name.
   *
   * @throws StorageException INVALID for what can never be made; ALREADY_EXISTS if the volume of
   *     that name differs from what is asked; EXHAUSTED if no pool that the places reach can
   *     promise the size; OUT_OF_RANGE if the kind of volume can't have a size within the range
   */
  Volume create(NewVolume asked);

  /**
   * Removes the volume and its contents. A volume that does not exist is removed already.
   *
   * @throws StorageException PRECONDITION, changing nothing, while it has holders
   */
  void delete(VolumeId id);

  /** The volume with this id, if it exists and is ready. */
  Optional<Volume> find(VolumeId id);

  /**
   * Ready volumes in the order of their ids.
   *
   * @param after the id after which to begin; empty = from the first one
   * @param most how many at most
   */
  List<Volume> list(Optional<VolumeId> after, int most);

  /**
   * Makes the node a holder of the volume, if {@link NoDiskConflict} allows it.
   *
   * @return the volume with its new holder
   * @throws StorageException NOT_FOUND if there is no such volume, or no such node at its pool;
   *     ALREADY_EXISTS if the node holds it in another way; PRECONDITION, with the holder's node
   *     named, if another node excludes it; EXHAUSTED if the node holds as many volumes as it may
   */
  Volume attach(VolumeId id, Attachment asked);

  /**
   * Ends the node's hold on the volume, or that of every node if none is given. Nothing happens if
   * the volume does not exist or the node does not hold it.
   */
  void detach(VolumeId id, Optional<NodeId> node);

  /**
   * Grows the volume so that it fits the range. A volume that is large enough stays as it is. The
   * filesystem in it is grown by the node that uses it.
   *
   * @return the volume with the size it has now
   * @throws StorageException NOT_FOUND; OUT_OF_RANGE if it is larger than the range allows;
   *     EXHAUSTED if its pool can't promise the size
   */
  Volume expand(VolumeId id, SizeRange size);

  /**
   * Changes how fast the volume's users may be; where it is in use, at once.
   *
   * @return the volume with the limits it has now
   * @throws StorageException NOT_FOUND
   */
  Volume modify(VolumeId id, IoLimits.Change change);

  /**
   * What is wrong with the volume, as far as its pool tells, in a sentence; empty if nothing is.
   */
  Optional<String> ailment(Volume volume);

  /**
   * What can still be promised.
   *
   * @param pool only of this one; empty = of all
   * @param place only of pools that can be reached from here; empty = of all
   */
  Capacity capacity(Optional<PoolName> pool, Optional<Topology> place);
}
