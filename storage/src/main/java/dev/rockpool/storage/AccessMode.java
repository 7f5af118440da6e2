package dev.rockpool.storage;

/**
 * How many nodes and users may have a volume at once, as the Container Storage Interface names it
 * (VolumeCapability.AccessMode.Mode).
 */
public enum AccessMode {
  SINGLE_NODE_WRITER,
  SINGLE_NODE_READER_ONLY,
  MULTI_NODE_READER_ONLY,
  MULTI_NODE_SINGLE_WRITER,
  MULTI_NODE_MULTI_WRITER,
  SINGLE_NODE_SINGLE_WRITER,
  SINGLE_NODE_MULTI_WRITER;

  /** Whether holders on several nodes can be meant at all. */
  public boolean multiNode() {
    return switch (this) {
      case MULTI_NODE_READER_ONLY, MULTI_NODE_SINGLE_WRITER, MULTI_NODE_MULTI_WRITER -> true;
      case SINGLE_NODE_WRITER,
          SINGLE_NODE_READER_ONLY,
          SINGLE_NODE_SINGLE_WRITER,
          SINGLE_NODE_MULTI_WRITER ->
          false;
    };
  }

  /** Whether several targets on one node are allowed (CSI: NodePublishVolume, second call). */
  public boolean manyTargets() {
    return multiNode() || this == SINGLE_NODE_MULTI_WRITER;
  }

  /** What a holder in this mode may do; {@code readonly} is the request's own flag. */
  public Access access(boolean readonly) {
    boolean readerOnly = this == SINGLE_NODE_READER_ONLY || this == MULTI_NODE_READER_ONLY;
    return readonly || readerOnly ? Access.READ_ONLY : Access.READ_WRITE;
  }
}
