package dev.rockpool.storage.host;

import java.nio.file.Path;
import java.util.Set;

/**
 * A mount, as /proc/self/mountinfo tells it.
 *
 * @param device major and minor number of the filesystem's device, as {@code 7:3}
 * @param root the path inside of the filesystem that is mounted; for a bound device node of
 *     devtmpfs its name, as {@code /loop3}
 * @param mountPoint where
 * @param options of this mount alone, such as {@code ro}
 * @param fsType the filesystem's type
 * @param source what was mounted, such as {@code /dev/loop3}
 * @param superOptions of the filesystem, for all its mounts
 */
public record Mount(
    String device,
    String root,
    Path mountPoint,
    Set<String> options,
    String fsType,
    String source,
    Set<String> superOptions) {

  /** Whether nothing can be written through this mount. */
  public boolean readOnly() {
    return options.contains("ro") || superOptions.contains("ro");
  }
}
