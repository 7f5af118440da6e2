package dev.rockpool.driver.selftest;

import dev.rockpool.proto.csi.VolumeCapability.AccessMode.Mode;
import java.io.IOException;

/**
 * A volume in use at one place: published, staged, and published at a target, all at once.
 *
 * @param volume that is used
 * @param node where
 * @param place where on the node; nobody else's
 */
record Use(TestVolume volume, Node node, Place place) {

  void begin() throws IOException {
    Mode mode = volume.writer();
    volume.publish(node, node, mode);
    place.make();
    volume.stage(node, place, mode);
    volume.publishTarget(node, place, mode);
  }

  /** Ends it, however far it has come. */
  void end() throws IOException {
    volume.unpublishTarget(node, place);
    volume.unstage(node, place);
    place.remove();
    volume.unpublish(node, node);
  }
}
