package dev.rockpool.driver.socket;

import java.nio.file.Path;
import java.util.concurrent.ThreadLocalRandom;
import java.util.regex.Pattern;

/**
 * Names beside a socket, for the moments in which it must not be seen under its own: a dot, the
 * socket's file name, a dot, six hexadecimal digits. Kubelet's plugin watcher overlooks hidden
 * files.
 */
final class HiddenName {
  private static final int DIGITS = 6;

  /** By how much a hidden name is longer than the socket's own. */
  static final int EXTRA_BYTES = 2 + DIGITS;

  private HiddenName() {}

  /** A name that is, but for chance, free. */
  static Path of(Endpoint endpoint) {
    int number = ThreadLocalRandom.current().nextInt(1 << (4 * DIGITS));
    return endpoint.directory().resolve("." + endpoint.fileName() + ".%06x".formatted(number));
  }

  /** Whether {@code file} has a hidden name of this endpoint. */
  static boolean matches(Endpoint endpoint, Path file) {
    Path name = file.getFileName();
    return name != null
        && Pattern.matches(
            Pattern.quote("." + endpoint.fileName() + ".") + "[0-9a-f]{" + DIGITS + "}",
            name.toString());
  }
}
