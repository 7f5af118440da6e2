package dev.rockpool.node;

import dev.rockpool.storage.VolumeId;

/**
 * A volume that a pod describes itself: remembered before it is made, and until it is gone.
 *
 * @param volume its id
 * @param leaving whether its removal has begun, which then goes on after whatever cuts it short
 */
record EphemeralVolume(VolumeId volume, boolean leaving) {}
