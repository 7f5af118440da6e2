package dev.rockpool.storage;

import java.time.Instant;

/**
 * A node that opens a pool, as {@code nodes/<node-id>.json} says.
 *
 * @param formatVersion of this record
 * @param id the node
 * @param maxVolumes how many volumes it can hold at once; 0 = no limit
 * @param openedAt when it opened the pool last
 */
record NodeRecord(int formatVersion, NodeId id, int maxVolumes, Instant openedAt) {
  static final int FORMAT_VERSION = 1;
}
