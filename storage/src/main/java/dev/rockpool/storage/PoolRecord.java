package dev.rockpool.storage;

import java.time.Instant;

/**
 * What {@code pool.json} says: that the directory is a pool, and which one.
 *
 * @param formatVersion of the pool; another one than {@link #FORMAT_VERSION} is refused
 * @param id unique, made with the pool: on a shared filesystem it tells that it is the same pool
 * @param name the name that StorageClasses use
 * @param kind on how many nodes its filesystem is
 * @param createdAt when it was made
 */
public record PoolRecord(
    int formatVersion, String id, PoolName name, PoolKind kind, Instant createdAt) {
  public static final int FORMAT_VERSION = 1;
}
