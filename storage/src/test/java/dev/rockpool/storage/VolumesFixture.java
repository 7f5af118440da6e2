package dev.rockpool.storage;

import java.util.List;

/** An implementation of {@link Volumes} that is set up for one test: it has one pool, empty. */
public interface VolumesFixture extends AutoCloseable {
  /**
   * @param limitBytes how much the pool may promise
   * @param overcommit how many times it may promise that
   * @param maxVolumes how many volumes each node can hold; 0 = no limit
   */
  record Setup(long limitBytes, double overcommit, int maxVolumes) {
    public static final Setup USUAL = new Setup(4L << 30, 1, 0);
  }

  Volumes volumes();

  PoolName pool();

  /** The nodes that have the pool, at least one. */
  List<NodeId> nodes();

  /** A place from which the pool can be reached. */
  Topology place();

  /** What runs the host commands for the pool. */
  HoldableHost host();

  /** Uses the volume as a node does that has it staged. */
  AutoCloseable use(VolumeId id, Access access);

  @Override
  void close();
}
