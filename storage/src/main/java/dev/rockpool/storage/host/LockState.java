package dev.rockpool.storage.host;

/** How a file is locked, as POSIX record locks are. */
public enum LockState {
  FREE,
  SHARED,
  EXCLUSIVE
}
