package dev.rockpool.storage;

import dev.rockpool.storage.VolumesFixture.Setup;
import java.util.List;
import java.util.Optional;

/** What all chapters of the contract have. */
interface ContractChapter {
  VolumesFixture fixture();

  /** Begins the test anew with another setup. */
  void openWith(Setup setup) throws Exception;

  default Volumes volumes() {
    return fixture().volumes();
  }

  default NodeId node() {
    return fixture().nodes().getFirst();
  }

  default Volume create(Asked asked) {
    return volumes().create(asked.build());
  }

  default Volume attach(VolumeId id, NodeId node, AccessMode mode, Access access) {
    return volumes().attach(id, new Attachment(node, mode, access));
  }

  /** The volume as it is found now. */
  default VolumeRecord record(VolumeId id) {
    return volumes().find(id).orElseThrow().record();
  }

  default long available() {
    return volumes().capacity(Optional.of(fixture().pool()), Optional.empty()).availableBytes();
  }

  default List<VolumeId> ids() {
    return volumes().list(Optional.empty(), 1000).stream().map(Volume::id).toList();
  }
}
