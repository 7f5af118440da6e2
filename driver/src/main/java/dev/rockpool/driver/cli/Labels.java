package dev.rockpool.driver.cli;

import java.util.Locale;

/** Names of constants, as records and tables have them. */
final class Labels {
  private Labels() {}

  static String of(Enum<?> constant) {
    return constant.name().toLowerCase(Locale.ROOT);
  }

  /** How far something is, to stand behind its state. */
  static String percent(long done, long whole) {
    return " (%d%%)".formatted(whole == 0 ? 100 : Math.min(100, 100 * done / whole));
  }
}
