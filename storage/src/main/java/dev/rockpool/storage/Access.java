package dev.rockpool.storage;

/** What a holder may do with a volume. */
public enum Access {
  READ_ONLY,
  READ_WRITE
}
