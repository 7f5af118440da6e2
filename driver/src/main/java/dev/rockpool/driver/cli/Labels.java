package dev.rockpool.driver.cli;

import java.util.Locale;

/** Names of constants, as records and tables have them. */
final class Labels {
  private Labels() {}

  static String of(Enum<?> constant) {
    return constant.name().toLowerCase(Locale.ROOT);
  }
}
