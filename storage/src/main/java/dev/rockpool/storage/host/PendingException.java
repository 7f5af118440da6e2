package dev.rockpool.storage.host;

import dev.rockpool.storage.StorageException;

/**
 * What the kernel has not done within the limit, and may still do: whoever asked for it must not
 * let anybody else have what it is about before it has ended.
 */
public final class PendingException extends StorageException {
  private static final long serialVersionUID = 1L;

  PendingException(String message) {
    super(Reason.UNAVAILABLE, message);
  }
}
