package dev.rockpool.node;

import dev.rockpool.storage.StorageException;
import dev.rockpool.storage.host.MountTable;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Which cgroup limits the user of a target: the pod's, whose uid is in the paths that kubelet
 * gives; for other paths the one that the operator named.
 */
public final class IoCgroups {
  private static final String UID = "([A-Za-z0-9][-A-Za-z0-9]{0,62})";
  // Kubelet: .../pods/UID/volumes/kubernetes.io~csi/PV/mount, and for raw block volumes
  // .../volumeDevices/publish/PV/UID.
  private static final Pattern MOUNTED = Pattern.compile(".*/pods/" + UID + "/volumes/.+");
  private static final Pattern MAPPED = Pattern.compile(".*/volumeDevices/publish/[^/]+/" + UID);
  // What kubelet puts pods into, with whatever it has put before the names: kubepods.slice,
  // kubelet-kubepods-burstable.slice, kubepods/besteffort.
  private static final Pattern ABOVE_PODS =
      Pattern.compile(".*kube.*|burstable|besteffort|guaranteed");
  private static final Pattern POD = Pattern.compile("(.*-)?pod[0-9a-f][-_0-9a-f]+(\\.slice)?");
  private static final int DEPTH = 6;

  private final Optional<BlockThrottle> throttle;
  private final Optional<Path> named;

  IoCgroups(Optional<BlockThrottle> throttle, Optional<Path> named) {
    this.throttle = throttle;
    this.named = named;
    named.ifPresent(this::requireOurs);
  }

  /**
   * Those of this machine.
   *
   * @param named the cgroup of users whose target is not one of kubelet's; empty = they have none
   * @throws StorageException INVALID if that is no cgroup of the hierarchy with the block-throttle
   *     controller
   */
  public static IoCgroups find(Optional<Path> named) {
    return new IoCgroups(BlockThrottle.find(MountTable.read()), named);
  }

  private void requireOurs(Path cgroup) {
    BlockThrottle controller =
        throttle.orElseThrow(
            () -> StorageException.invalid("--io-cgroup " + cgroup + ": " + none()));
    boolean below =
        controller.roots().stream()
            .anyMatch(root -> cgroup.startsWith(root) && !cgroup.equals(root));
    if (!below || !cgroup.equals(cgroup.normalize()) || !Files.isDirectory(cgroup)) {
      throw StorageException.invalid(
          "--io-cgroup "
              + cgroup
              + " is not a cgroup below "
              + controller.roots()
              + ", where the block-throttle controller is");
    }
  }

  private static String none() {
    return "no block-throttle controller is mounted, neither io of cgroup v2 nor blkio of v1";
  }

  /**
   * The controller.
   *
   * @throws StorageException NOT_FOUND if there is none
   */
  BlockThrottle controller() {
    return throttle.orElseThrow(() -> StorageException.notFound(none()));
  }

  /**
   * The cgroup in which the target's user is.
   *
   * @throws StorageException NOT_FOUND, with what is missing
   */
  Path of(Path target) {
    List<Path> roots = controller().roots();
    Optional<String> pod = podUid(target);
    if (pod.isEmpty()) {
      return named.orElseThrow(() ->
          StorageException.notFound(
              "no cgroup is known for "
                  + target
                  + ": it is no pod's, and no --io-cgroup is given"));
    }
    return roots.stream()
        .flatMap(root -> find(root, pod.get(), DEPTH).stream())
        .findFirst()
        .orElseThrow(() ->
            StorageException.notFound("the cgroup of pod " + pod.get() + " is not below " + roots));
  }

  /** The uid of the pod to which the target belongs, if kubelet gave it. */
  static Optional<String> podUid(Path target) {
    for (Pattern pattern : List.of(MOUNTED, MAPPED)) {
      Matcher matcher = pattern.matcher(target.toString());
      if (matcher.matches()) {
        return Optional.of(matcher.group(1));
      }
    }
    return Optional.empty();
  }

  private static Optional<Path> find(Path parent, String uid, int depth) {
    String slice = "-pod" + uid.replace('-', '_') + ".slice";
    try (DirectoryStream<Path> children =
        Files.newDirectoryStream(parent, path -> Files.isDirectory(path))) {
      for (Path child : children) {
        String name = String.valueOf(child.getFileName());
        if (name.equals("pod" + uid) || name.endsWith(slice)) {
          return Optional.of(child);
        }
        boolean mayHold = ABOVE_PODS.matcher(name).matches() && !POD.matcher(name).matches();
        Optional<Path> found =
            mayHold && depth > 0 ? find(child, uid, depth - 1) : Optional.empty();
        if (found.isPresent()) {
          return found;
        }
      }
      return Optional.empty();
    } catch (NoSuchFileException e) {
      return Optional.empty();
    } catch (IOException e) {
      throw StorageException.of("can't look for cgroups in " + parent, e);
    }
  }
}
