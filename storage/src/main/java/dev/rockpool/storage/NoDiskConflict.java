package dev.rockpool.storage;

import java.util.List;

/**
 * The rule: a volume has one read-write user, or any number of read-only users. Every gate asks
 * this class: the scheduler, ControllerPublishVolume and the node.
 */
public final class NoDiskConflict {
  private NoDiskConflict() {}

  /**
   * What the rule says to a request, with the holder that decided it.
   *
   * @param <H> what a holder is at this gate: a node's attachment, or a target on a node
   */
  public sealed interface Verdict<H> {
    /** Nothing stands against it. */
    record Granted<H>() implements Verdict<H> {}

    /** It is held just so already: answer the repeated request as the first one. */
    record Held<H>(H holder) implements Verdict<H> {}

    /** The same place holds it in another way. */
    record Differs<H>(H holder) implements Verdict<H> {}

    /** Another place holds it in a way that excludes the request. */
    record Conflict<H>(H holder) implements Verdict<H> {}
  }

  /**
   * A user of a volume on its node.
   *
   * @param path where the volume is published
   * @param block whether it is published as a device, not as a directory
   * @param mode the access mode it was published with
   * @param access what this user may do
   */
  public record Target(String path, boolean block, AccessMode mode, Access access) {}

  /**
   * May this node have the volume beside those that hold it?
   *
   * @param shareable whether the volume was created for many writers, so that its users keep order
   *     themselves
   */
  public static Verdict<Attachment> attach(
      List<Attachment> holders, Attachment asked, boolean shareable) {
    for (Attachment held : holders) {
      if (held.node().equals(asked.node())) {
        return held.equals(asked) ? new Verdict.Held<>(held) : new Verdict.Differs<>(held);
      }
    }
    for (Attachment held : holders) {
      if (!together(held, asked, shareable)) {
        return new Verdict.Conflict<>(held);
      }
    }
    return new Verdict.Granted<>();
  }

  /**
   * May the volume be published to this target beside those it has on the node (CSI:
   * NodePublishVolume, second call)?
   */
  public static Verdict<Target> publish(
      List<Target> targets, Target asked, DiskConflict diskConflict, boolean shareable) {
    for (Target held : targets) {
      if (held.path().equals(asked.path())) {
        return held.equals(asked) ? new Verdict.Held<>(held) : new Verdict.Differs<>(held);
      }
    }
    for (Target held : targets) {
      if (!together(held, asked, diskConflict, shareable)) {
        return new Verdict.Conflict<>(held);
      }
    }
    return new Verdict.Granted<>();
  }

  private static boolean together(Attachment held, Attachment asked, boolean shareable) {
    if (!held.mode().multiNode() || !asked.mode().multiNode()) {
      return false;
    }
    if (held.access() == Access.READ_ONLY && asked.access() == Access.READ_ONLY) {
      return true;
    }
    return shareable && !(soleWriter(held, asked) || soleWriter(asked, held));
  }

  /** MULTI_NODE_SINGLE_WRITER promises its writer that it is the only one. */
  private static boolean soleWriter(Attachment one, Attachment other) {
    return one.mode() == AccessMode.MULTI_NODE_SINGLE_WRITER
        && one.access() == Access.READ_WRITE
        && other.access() == Access.READ_WRITE;
  }

  private static boolean together(
      Target held, Target asked, DiskConflict diskConflict, boolean shareable) {
    if (!held.mode().manyTargets() || !asked.mode().manyTargets()) {
      return false;
    }
    return shareable
        || diskConflict == DiskConflict.NODE
        || (held.access() == Access.READ_ONLY && asked.access() == Access.READ_ONLY);
  }
}
