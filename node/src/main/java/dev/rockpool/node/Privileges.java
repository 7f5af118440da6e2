package dev.rockpool.node;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** What the kernel lets this process and its children do. */
final class Privileges {
  private static final Path STATUS = Path.of("/proc/self/status");
  private static final String EFFECTIVE = "CapEff:";
  // capabilities(7), linux/capability.h.
  private static final int CAP_SYS_RESOURCE = 24;

  private Privileges() {}

  /** Whether this process has CAP_SYS_RESOURCE, which growing a mounted ext4 takes. */
  static boolean sysResource() {
    try {
      for (String line : Files.readAllLines(STATUS)) {
        if (line.startsWith(EFFECTIVE)) {
          long effective = Long.parseUnsignedLong(line.substring(EFFECTIVE.length()).strip(), 16);
          return (effective >>> CAP_SYS_RESOURCE & 1) == 1;
        }
      }
      return false;
    } catch (IOException e) {
      return false;
    }
  }
}
