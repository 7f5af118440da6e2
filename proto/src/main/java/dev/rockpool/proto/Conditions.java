package dev.rockpool.proto;

import dev.rockpool.proto.csi.VolumeCondition;
import java.util.Optional;

/** What services tell of how volumes are. */
public final class Conditions {
  private static final VolumeCondition FINE =
      VolumeCondition.newBuilder().setMessage("nothing is wrong").build();

  private Conditions() {}

  /**
   * @param ailment what is wrong, in a sentence; empty = nothing
   */
  public static VolumeCondition of(Optional<String> ailment) {
    return ailment
        .map(text -> VolumeCondition.newBuilder().setAbnormal(true).setMessage(text).build())
        .orElse(FINE);
  }
}
