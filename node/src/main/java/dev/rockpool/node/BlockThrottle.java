package dev.rockpool.node;

import dev.rockpool.storage.IoLimits;
import dev.rockpool.storage.host.Mount;
import dev.rockpool.storage.host.MountTable;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** The controller of cgroups that limits how fast processes use a block device. */
sealed interface BlockThrottle {
  /** The mount points of the hierarchy that has the controller. */
  List<Path> roots();

  /** How messages speak of it. */
  String description();

  /**
   * Limits what the processes of this very cgroup do to the device; 0 takes a limit away.
   *
   * @param device as {@code 7:3}
   * @throws IOException if the kernel does not do so; a NoSuchFileException if the cgroup is gone
   */
  void limit(Path cgroup, String device, IoLimits limits) throws IOException;

  /** The cgroups in which limits must stand, to hold for all that is in the cgroup. */
  List<Path> members(Path cgroup) throws IOException;

  /** The controller of this machine: it is in one hierarchy only, if in any. */
  static Optional<BlockThrottle> find(MountTable mounts) {
    List<Path> unified =
        mountPoints(mounts, "cgroup2").stream().filter(BlockThrottle::hasIo).toList();
    if (!unified.isEmpty()) {
      return Optional.of(new V2(unified));
    }
    List<Path> blkio =
        mounts.all().stream()
            .filter(mount -> mount.fsType().equals("cgroup"))
            .filter(mount -> mount.superOptions().contains("blkio"))
            .map(Mount::mountPoint)
            .toList();
    return blkio.isEmpty() ? Optional.empty() : Optional.of(new V1(blkio));
  }

  private static List<Path> mountPoints(MountTable mounts, String fsType) {
    return mounts.all().stream()
        .filter(mount -> mount.fsType().equals(fsType))
        .map(Mount::mountPoint)
        .toList();
  }

  private static boolean hasIo(Path root) {
    try {
      String controllers = Files.readString(root.resolve("cgroup.controllers"));
      return Arrays.asList(controllers.strip().split(" ", -1)).contains("io");
    } catch (IOException e) {
      return false;
    }
  }

  /**
   * A file in cgroupfs takes one line in one write.
   *
   * @throws IOException with what is missing, if the controller is not enabled there
   */
  private static void write(Path file, String line, String missing) throws IOException {
    try {
      Files.writeString(file, line, StandardOpenOption.WRITE);
    } catch (NoSuchFileException e) {
      if (Files.isDirectory(file.resolveSibling("."))) {
        throw new IOException(missing, e);
      }
      throw e;
    }
  }

  /**
   * The blkio controller of cgroup v1 (kernel: cgroup-v1/blkio-controller.rst). A limit holds for
   * the processes of the very cgroup in which it stands, not for those of the cgroups in it, and
   * for what is written through the page cache not at all.
   */
  record V1(List<Path> roots) implements BlockThrottle {
    @Override
    public String description() {
      return "cgroup v1, which limits direct and synchronous I/O only";
    }

    @Override
    public void limit(Path cgroup, String device, IoLimits limits) throws IOException {
      set(cgroup, "read_iops_device", device, limits.readIops());
      set(cgroup, "write_iops_device", device, limits.writeIops());
      set(cgroup, "read_bps_device", device, limits.readBytesPerSecond());
      set(cgroup, "write_bps_device", device, limits.writeBytesPerSecond());
    }

    private static void set(Path cgroup, String file, String device, long limit)
        throws IOException {
      Path path = cgroup.resolve("blkio.throttle." + file);
      write(path, device + " " + limit, path + " is missing: the kernel lacks BLK_DEV_THROTTLING");
    }

    @Override
    public List<Path> members(Path cgroup) throws IOException {
      List<Path> found = new ArrayList<>(List.of(cgroup));
      try (DirectoryStream<Path> children =
          Files.newDirectoryStream(cgroup, path -> Files.isDirectory(path))) {
        for (Path child : children) {
          found.addAll(members(child));
        }
      } catch (NoSuchFileException e) {
        // It ended meanwhile.
        return List.of();
      }
      return found;
    }
  }

  /** The io controller of cgroup v2 (kernel: cgroup-v2.rst, io.max). */
  record V2(List<Path> roots) implements BlockThrottle {
    @Override
    public String description() {
      return "cgroup v2";
    }

    @Override
    public void limit(Path cgroup, String device, IoLimits limits) throws IOException {
      Path file = cgroup.resolve("io.max");
      write(
          file,
          device
              + (" rbps=" + max(limits.readBytesPerSecond()))
              + (" wbps=" + max(limits.writeBytesPerSecond()))
              + (" riops=" + max(limits.readIops()))
              + (" wiops=" + max(limits.writeIops())),
          file
              + " is missing: the io controller is not enabled there; enable it: echo +io > "
              + cgroup.resolveSibling("cgroup.subtree_control"));
    }

    private static String max(long limit) {
      return limit == 0 ? "max" : Long.toString(limit);
    }

    @Override
    public List<Path> members(Path cgroup) {
      return List.of(cgroup);
    }
  }
}
