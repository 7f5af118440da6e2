package dev.rockpool.storage;

/** Text from outside, made fit for a message or a log line. */
public final class Printable {
  private static final int LONGEST = 128;

  private Printable() {}

  /** The text with control characters replaced by {@code ?} and cut after 128 characters. */
  public static String of(String text) {
    String cut = text.length() > LONGEST ? text.substring(0, LONGEST) + "…" : text;
    return cut.replaceAll("\\p{Cntrl}", "?");
  }
}
