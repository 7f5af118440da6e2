package dev.rockpool.storage;

import java.io.IOException;

/**
 * What the storage answers when it does not do what was asked. The reason decides the code that a
 * caller sees; the message tells a person what to do: the value, the limit, the holder.
 */
public class StorageException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** Why it was not done. A closed set: every service edge maps each of them to one gRPC code. */
  public enum Reason {
    /** The request can never succeed as it is. */
    INVALID,
    /** The volume, node or pool does not exist. */
    NOT_FOUND,
    /** The same name or place is taken by something that differs from what was asked. */
    ALREADY_EXISTS,
    /** The state forbids it: in use elsewhere, not published, holders left. */
    PRECONDITION,
    /** No space, no promise, or no attachment left. */
    EXHAUSTED,
    /** The size can't be had. */
    OUT_OF_RANGE,
    /** Another call works on the same volume; the same call again will do. */
    BUSY,
    /**
     * A pool can't be read or written now, or is still being opened; or the kernel has not come
     * back in time.
     */
    UNAVAILABLE,
    /** A host command or the filesystem failed. */
    FAILED
  }

  private final Reason reason;

  public StorageException(Reason reason, String message) {
    super(message);
    this.reason = reason;
  }

  public StorageException(Reason reason, String message, Throwable cause) {
    super(message, cause);
    this.reason = reason;
  }

  public static StorageException invalid(String message) {
    return new StorageException(Reason.INVALID, message);
  }

  public static StorageException notFound(String message) {
    return new StorageException(Reason.NOT_FOUND, message);
  }

  public static StorageException busy(String message) {
    return new StorageException(Reason.BUSY, message);
  }

  public static StorageException precondition(String message) {
    return new StorageException(Reason.PRECONDITION, message);
  }

  /** What a failure of the filesystem means to whoever asked. */
  public static StorageException of(String doing, IOException e) {
    String text = String.valueOf(e.getMessage());
    boolean full = text.contains("No space left on device") || text.contains("Disk quota exceeded");
    boolean readOnly = text.contains("Read-only file system");
    Reason reason =
        full
            ? Reason.EXHAUSTED
            : readOnly
                ? Reason.UNAVAILABLE
                : text.contains("File too large") ? Reason.OUT_OF_RANGE : Reason.FAILED;
    String wayOut =
        full
            ? "; make room: delete a volume or a snapshot, or grow the filesystem"
            : readOnly ? "; mount it read-write again, the kernel's log tells what happened" : "";
    return new StorageException(reason, doing + ": " + text + wayOut, e);
  }

  public Reason reason() {
    return reason;
  }
}
