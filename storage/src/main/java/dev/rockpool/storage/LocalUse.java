package dev.rockpool.storage;

import dev.rockpool.storage.host.Host;
import dev.rockpool.storage.host.LoopDevices;
import dev.rockpool.storage.host.Mount;
import dev.rockpool.storage.host.MountTable;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** How this machine uses what is in a pool, whether or not a driver runs and holds locks. */
final class LocalUse {
  private final PoolLayout layout;
  private final LoopDevices loops;

  LocalUse(PoolLayout layout, Host host) {
    this.layout = layout;
    this.loops = new LoopDevices(host);
  }

  /**
   * How the volume or snapshot is used.
   *
   * @param directory of it, in the pool
   * @return a sentence that tells what to do first; empty if it is not used
   */
  Optional<String> of(Path directory) throws IOException {
    Path image = directory.resolve(PoolLayout.IMAGE);
    if (Stat.of(image).filter(Stat::regular).isPresent()) {
      List<LoopDevices.Attached> attached = loops.of(image);
      if (!attached.isEmpty()) {
        return Optional.of(
            image + " is attached to " + attached.getFirst().device() + "; unstage it first");
      }
    }
    MountTable mounts = MountTable.read();
    Optional<Mount> pool = mounts.holding(layout.root());
    return mounts.all().stream()
        .filter(mount ->
            mount.mountPoint().startsWith(directory)
                || pool.filter(of -> shows(mount, of, directory)).isPresent())
        .findFirst()
        .map(mount -> directory + " is in use; unmount " + mount.mountPoint() + " first");
  }

  private static boolean shows(Mount mount, Mount pool, Path directory) {
    Path within = Path.of(pool.root()).resolve(pool.mountPoint().relativize(directory));
    return mount.device().equals(pool.device()) && Path.of(mount.root()).startsWith(within);
  }
}
