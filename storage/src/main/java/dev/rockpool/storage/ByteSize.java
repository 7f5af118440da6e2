package dev.rockpool.storage;

import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Sizes as people write them: bytes, or with Ki, Mi, Gi, Ti (powers of 1024). */
public final class ByteSize {
  private static final Pattern FORM = Pattern.compile("(\\d{1,18})(?:([KMGT])i?B?)?");
  private static final String UNITS = "KMGT";

  private ByteSize() {}

  /**
   * Bytes of a text such as {@code 10GiB}, {@code 10Gi}, {@code 10G} or {@code 10737418240}.
   *
   * @throws StorageException INVALID if it is no such text
   */
  public static long parse(String text) {
    Matcher matcher = FORM.matcher(text);
    if (!matcher.matches()) {
      throw StorageException.invalid(
          "\""
              + Printable.of(text)
              + "\" is not a size: expected bytes, or a number with Ki, Mi,"
              + " Gi or Ti, such as 10Gi");
    }
    String unit = matcher.group(2);
    int shift = unit == null ? 0 : 10 * (UNITS.indexOf(unit) + 1);
    try {
      return Math.multiplyExact(Long.parseLong(matcher.group(1)), 1L << shift);
    } catch (ArithmeticException e) {
      throw StorageException.invalid("\"" + text + "\" is larger than 8 EiB");
    }
  }

  /** For people: {@code 1.5 GiB}. */
  public static String format(long bytes) {
    if (bytes < 1024) {
      return bytes + " B";
    }
    double value = bytes;
    int unit = -1;
    while (value >= 1024 && unit < UNITS.length() - 1) {
      value /= 1024;
      unit++;
    }
    String number = String.format(Locale.ROOT, "%.1f", value);
    return (number.endsWith(".0") ? number.substring(0, number.length() - 2) : number)
        + " "
        + UNITS.charAt(unit)
        + "iB";
  }
}
