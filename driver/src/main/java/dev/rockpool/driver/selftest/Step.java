package dev.rockpool.driver.selftest;

/** Something that is tried. */
@FunctionalInterface
interface Step {
  /**
   * Does it.
   *
   * @return what was seen, for people; may be empty
   * @throws Skipped if it can't be tried here
   * @throws Exception if it does not work
   */
  String perform() throws Exception;

  /** A step that can't be tried here, with the reason. */
  final class Skipped extends Exception {
    private static final long serialVersionUID = 1L;

    Skipped(String reason) {
      super(reason);
    }
  }
}
