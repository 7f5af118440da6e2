/**
 * Volumes, snapshots and pools on disk, the rule that decides who may use a volume, and the host
 * commands for them.
 */
@NullMarked
package dev.rockpool.storage;

import org.jspecify.annotations.NullMarked;
