package dev.rockpool.node;

import dev.rockpool.proto.Capability;
import dev.rockpool.proto.VolumeParameters;
import dev.rockpool.storage.Attachment;
import dev.rockpool.storage.ByteSize;
import dev.rockpool.storage.IoLimits;
import dev.rockpool.storage.KeyedLocks;
import dev.rockpool.storage.NewVolume;
import dev.rockpool.storage.Printable;
import dev.rockpool.storage.SizeRange;
import dev.rockpool.storage.StorageException;
import dev.rockpool.storage.VolumeId;
import dev.rockpool.storage.Volumes;
import dev.rockpool.storage.host.Mount;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Volumes that pods describe themselves (Kubernetes: CSI ephemeral inline volumes): NodePublish
 * makes, attaches and stages them, NodeUnpublish takes them off and deletes them.
 *
 * <p>They are known by the form of the id that kubelet gives them, so that they are removed even by
 * a node that has forgotten them. Every step can be repeated, and a retry of either call ends what
 * was cut short.
 */
public final class EphemeralVolumes {
  private static final Logger log = LoggerFactory.getLogger(EphemeralVolumes.class);

  // Kubelet: makeVolumeHandle. Too long to be the id of a volume that CreateVolume made.
  private static final String OTHERS = "ephemeral/";
  private static final Pattern NAME = Pattern.compile("csi-[0-9a-f]{64}");
  private static final String EPHEMERAL = "csi.storage.k8s.io/ephemeral";
  private static final String SIZE = "size";
  // Not "10G", which Kubernetes takes for powers of 1000.
  private static final Pattern QUANTITY = Pattern.compile("[1-9]\\d{0,17}([KMGT]i)?");

  private final NodeVolumes node;
  private final Volumes volumes;
  private final Path stateDirectory;
  private final NodeState<EphemeralVolume> state;
  private final KeyedLocks<VolumeId> locks = new KeyedLocks<>();

  /**
   * @param volumes makes and removes them
   * @param stateDirectory where the node remembers them, and stages them
   */
  public EphemeralVolumes(NodeVolumes node, Volumes volumes, Path stateDirectory) {
    this.node = node;
    this.volumes = volumes;
    this.stateDirectory = stateDirectory;
    this.state = NodeState.ephemeral(stateDirectory);
  }

  /** Whether this volume context is one of an ephemeral volume. */
  static boolean asked(Map<String, String> context) {
    return "true".equals(context.get(EPHEMERAL));
  }

  /** Whether kubelet gives this id to ephemeral volumes, and to no others. */
  private static boolean isKubelets(String volumeId) {
    return NAME.matcher(volumeId).matches();
  }

  /**
   * The name of the ephemeral volume that is called so. One that kubelet has not named is kept
   * apart from what CreateVolume makes: else it would be the volume of that name, and deleted with
   * its pod.
   */
  private static String name(String volumeId) {
    return isKubelets(volumeId) ? volumeId : OTHERS + VolumeId.parse(volumeId);
  }

  /** Whether the volume that was created by this name is an ephemeral one. */
  public static boolean isName(String name) {
    return isKubelets(name) || name.startsWith(OTHERS);
  }

  private static VolumeId id(String volumeId) {
    return VolumeId.ofName(name(volumeId));
  }

  /** Whether an ephemeral volume is called so: by kubelet, or as this node remembers. */
  boolean knows(String volumeId) {
    return isKubelets(volumeId) || state.find(id(volumeId)).isPresent();
  }

  /** The id of the ephemeral volume that is called so, or of any other volume. */
  VolumeId idOrParse(String volumeId) {
    return knows(volumeId) ? id(volumeId) : VolumeId.parse(volumeId);
  }

  /** Goes on with what an earlier process began to remove. Called when the node has recovered. */
  public void recover() {
    state.load();
    for (EphemeralVolume volume : state.all()) {
      if (volume.leaving()) {
        try {
          remove(volume.volume());
        } catch (StorageException e) {
          log.warn(
              "ephemeral volume \"{}\" is left for NodeUnpublishVolume to remove: {}",
              volume.volume(),
              e.getMessage());
        }
      }
    }
  }

  /**
   * Makes the volume, or finds it made, and shows it at the target.
   *
   * @param volumeId that it is called by
   * @throws StorageException as {@link Volumes#create}, {@link NodeVolumes#stage} and {@link
   *     NodeVolumes#publish} do; INVALID if it can't be one. What was made is gone then, unless it
   *     was ready before: it may have a pod's data in it
   */
  void publish(
      String volumeId,
      Map<String, String> context,
      String target,
      Capability capability,
      boolean readonly) {
    Path path = node.check(target, "target_path");
    VolumeId id = id(volumeId);
    NewVolume asked = asked(name(volumeId), context, capability);
    try (var _ = locks.lock(id)) {
      Optional<EphemeralVolume> begun = state.find(id);
      if (begun.filter(EphemeralVolume::leaving).isPresent()) {
        remove(id);
      }
      boolean there = volumes.find(id).isPresent();
      state.save(new EphemeralVolume(id, false));
      try {
        var _ = volumes.create(asked);
        var _ =
            volumes.attach(
                id,
                new Attachment(node.node(), capability.mode(), capability.mode().access(false)));
        node.stage(id, makeStagingPath(id), capability);
        node.publish(id, stagingPath(id), path, capability, readonly);
      } catch (RuntimeException e) {
        if (!there) {
          giveUp(id, e);
        }
        throw e;
      }
    }
  }

  private NewVolume asked(String name, Map<String, String> context, Capability capability) {
    if (capability.block()) {
      throw StorageException.invalid(
          "volume_capability: an ephemeral volume has a filesystem, it can't be a block device");
    }
    VolumeParameters parameters = VolumeParameters.parse(context, "volume_context", List.of(SIZE));
    return new NewVolume(
        name,
        size(context),
        false,
        capability.fsType().or(parameters::fsType),
        Set.of(capability.mode()),
        parameters.pool(),
        parameters.allocation(),
        parameters.diskConflict(),
        parameters.mkfsOptions(),
        Optional.empty(),
        IoLimits.NONE,
        List.of(node.topology()));
  }

  private static SizeRange size(Map<String, String> context) {
    String text = context.get(SIZE);
    if (text == null) {
      return SizeRange.ANY;
    }
    if (!QUANTITY.matcher(text).matches()) {
      throw StorageException.invalid(
          "volume_context: \"size\" is \""
              + Printable.of(text)
              + "\"; expected bytes, or a number with Ki, Mi, Gi or Ti, such as 1Gi");
    }
    return new SizeRange(ByteSize.parse(text), 0);
  }

  private void giveUp(VolumeId id, RuntimeException cause) {
    try {
      remove(id);
    } catch (StorageException e) {
      cause.addSuppressed(e);
    }
  }

  /**
   * Takes the volume off the target, and removes it unless another target shows it.
   *
   * @param volumeId that it is called by
   * @throws StorageException as {@link NodeVolumes#unpublish}, {@link NodeVolumes#unstage} and
   *     {@link Volumes#delete} do
   */
  void unpublish(String volumeId, String target) {
    VolumeId id = id(volumeId);
    try (var _ = locks.lock(id)) {
      node.unpublish(id, target);
      // The mount table tells, since this node may have forgotten what it did.
      boolean shown =
          Mounts.of(id).stream().map(Mount::mountPoint).anyMatch(at -> !at.equals(stagingPath(id)));
      if (!shown) {
        remove(id);
      }
    }
  }

  private void remove(VolumeId id) {
    state.save(new EphemeralVolume(id, true));
    node.unstage(id, stagingPath(id));
    try {
      Files.deleteIfExists(stagingPath(id));
    } catch (IOException e) {
      throw StorageException.of("can't remove " + stagingPath(id), e);
    }
    volumes.detach(id, Optional.of(node.node()));
    volumes.delete(id);
    state.remove(id);
  }

  private Path makeStagingPath(VolumeId id) {
    try {
      return Files.createDirectories(
          stagingPath(id),
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    } catch (IOException e) {
      throw StorageException.of("can't make " + stagingPath(id), e);
    }
  }

  /** As the mount table has it, symlinks resolved. */
  private Path stagingPath(VolumeId id) {
    try {
      return stateDirectory.toRealPath().resolve(id + ".staging");
    } catch (IOException e) {
      throw StorageException.of("can't read the node's state in " + stateDirectory, e);
    }
  }
}
