package dev.rockpool.storage.host;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Mount options as mount(2) takes them.
 *
 * @param flags those that the kernel knows for every filesystem
 * @param data those that the filesystem itself reads
 */
record MountOptions(long flags, String data) {
  // linux/mount.h.
  static final long READ_ONLY = 1;
  static final long NO_SUID = 1 << 1;
  static final long NO_DEV = 1 << 2;
  static final long NO_EXEC = 1 << 3;
  static final long SYNCHRONOUS = 1 << 4;
  static final long REMOUNT = 1 << 5;
  static final long DIR_SYNC = 1 << 7;
  static final long NO_SYM_FOLLOW = 1 << 8;
  static final long NO_ATIME = 1 << 10;
  static final long NO_DIR_ATIME = 1 << 11;
  static final long BIND = 1 << 12;
  static final long RELATIVE_ATIME = 1 << 21;
  static final long STRICT_ATIME = 1 << 24;
  static final long LAZY_TIME = 1 << 25;

  /** Sets one flag, or takes it back: of two options about one flag, the last one counts. */
  private record Change(long flag, boolean set) {}

  private static final Map<String, Change> GENERIC =
      Map.ofEntries(
          Map.entry("ro", new Change(READ_ONLY, true)),
          Map.entry("rw", new Change(READ_ONLY, false)),
          Map.entry("nosuid", new Change(NO_SUID, true)),
          Map.entry("suid", new Change(NO_SUID, false)),
          Map.entry("nodev", new Change(NO_DEV, true)),
          Map.entry("dev", new Change(NO_DEV, false)),
          Map.entry("noexec", new Change(NO_EXEC, true)),
          Map.entry("exec", new Change(NO_EXEC, false)),
          Map.entry("sync", new Change(SYNCHRONOUS, true)),
          Map.entry("async", new Change(SYNCHRONOUS, false)),
          Map.entry("dirsync", new Change(DIR_SYNC, true)),
          Map.entry("nosymfollow", new Change(NO_SYM_FOLLOW, true)),
          Map.entry("noatime", new Change(NO_ATIME, true)),
          Map.entry("atime", new Change(NO_ATIME, false)),
          Map.entry("nodiratime", new Change(NO_DIR_ATIME, true)),
          Map.entry("diratime", new Change(NO_DIR_ATIME, false)),
          Map.entry("relatime", new Change(RELATIVE_ATIME, true)),
          Map.entry("norelatime", new Change(RELATIVE_ATIME, false)),
          Map.entry("strictatime", new Change(STRICT_ATIME, true)),
          Map.entry("nostrictatime", new Change(STRICT_ATIME, false)),
          Map.entry("lazytime", new Change(LAZY_TIME, true)),
          Map.entry("nolazytime", new Change(LAZY_TIME, false)));

  /**
   * The driver's own, and what a StorageClass usually has. All others mean something to mount(8) or
   * may do so in its next release, so it is asked to understand them.
   */
  private static final Set<String> OF_FILESYSTEMS =
      Set.of("noload", "norecovery", "nouuid", "discard", "nodiscard");

  /**
   * What the options, separated by commas, are to the kernel.
   *
   * @return empty if there is one among them that only mount(8) may understand
   */
  static Optional<MountOptions> parse(String options) {
    long flags = 0;
    List<String> data = new ArrayList<>();
    for (String option : options.split(",", -1)) {
      Change change = GENERIC.get(option);
      if (change != null) {
        flags = change.set() ? flags | change.flag() : flags & ~change.flag();
      } else if (OF_FILESYSTEMS.contains(option)) {
        data.add(option);
      } else if (!option.isEmpty()) {
        return Optional.empty();
      }
    }
    return Optional.of(new MountOptions(flags, String.join(",", data)));
  }
}
