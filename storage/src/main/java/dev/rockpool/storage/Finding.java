package dev.rockpool.storage;

import java.util.Locale;

/**
 * Something in a pool that is not as it should be.
 *
 * @param place what it is about, a path below the pool's directory
 * @param kind what is wrong
 * @param problem a sentence that tells it
 * @param remedy a sentence that tells what to do
 * @param repairable whether a repair can mend it without any loss
 */
public record Finding(String place, Kind kind, String problem, String remedy, boolean repairable) {

  /** How much it matters. */
  public enum Severity {
    /** Somebody's data is lost, damaged, or can't be reached. */
    ERROR,
    /** Space is held, or something may go wrong, but all data is there. */
    WARNING;

    public String label() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /** All that can be wrong. */
  public enum Kind {
    RECORD_UNREADABLE(Severity.ERROR, true),
    RECORD_OF_OTHER_RELEASE(Severity.ERROR, true),
    RECORD_OF_ANOTHER(Severity.ERROR, true),
    RECORD_IMPLAUSIBLE(Severity.ERROR, true),
    DATA_WITHOUT_RECORD(Severity.ERROR, true),
    DATA_MISSING(Severity.ERROR, true),
    DATA_TOO_SHORT(Severity.ERROR, true),
    DATA_TOO_LONG(Severity.WARNING, false),
    DATA_DAMAGED(Severity.ERROR, true),
    CREATING_INTERRUPTED(Severity.WARNING, true),
    COPYING_INTERRUPTED(Severity.WARNING, true),
    DELETING_INTERRUPTED(Severity.WARNING, false),
    GROUP_MISSING(Severity.WARNING, true),
    MEMBER_MISSING(Severity.ERROR, true),
    HOLDER_UNKNOWN(Severity.WARNING, false),
    HOLDERS_CONFLICT(Severity.ERROR, false),
    PROMISED_TOO_MUCH(Severity.WARNING, false),
    DIRECTORY_WITHOUT_RECORD(Severity.WARNING, false),
    DIRECTORY_MISSING(Severity.WARNING, false),
    TEMPORARY_FILE(Severity.WARNING, false),
    MOUNT_POINT(Severity.WARNING, false),
    PERMISSIONS(Severity.WARNING, false),
    OWNER(Severity.WARNING, false),
    NOT_AN_ID(Severity.WARNING, false),
    FOREIGN(Severity.WARNING, false);

    private final Severity severity;
    private final boolean deletable;

    Kind(Severity severity, boolean deletable) {
      this.severity = severity;
      this.deletable = deletable;
    }

    public Severity severity() {
      return severity;
    }

    /** Whether what it is about can be given up, with all its data, by who names it. */
    public boolean deletable() {
      return deletable;
    }

    public String label() {
      return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
  }

  /** What it is called, the same each time it is found: {@code volumes/data: data-missing}. */
  public String id() {
    return Printable.of(place) + ": " + kind.label();
  }

  static Finding of(String place, Kind kind, String problem, String remedy) {
    return new Finding(place, kind, problem, remedy, false);
  }

  static Finding repairable(String place, Kind kind, String problem, String remedy) {
    return new Finding(place, kind, problem, remedy, true);
  }
}
