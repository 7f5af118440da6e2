package dev.rockpool.storage;

/**
 * What can still be promised.
 *
 * @param availableBytes over all pools that were asked for
 * @param largestVolumeBytes in the pool that has most
 */
public record Capacity(long availableBytes, long largestVolumeBytes) {}
