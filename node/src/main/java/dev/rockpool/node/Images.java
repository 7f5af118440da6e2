package dev.rockpool.node;

import dev.rockpool.storage.Contents;
import dev.rockpool.storage.FsType;
import dev.rockpool.storage.StorageException;
import dev.rockpool.storage.Superblock;
import dev.rockpool.storage.host.Command;
import dev.rockpool.storage.host.CommandException;
import dev.rockpool.storage.host.Host;
import dev.rockpool.storage.host.LoopDevice;
import dev.rockpool.storage.host.LoopDevices;
import dev.rockpool.storage.host.Mount;
import dev.rockpool.storage.host.MountTable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Serves images on loop devices, as filesystems and as raw devices. Nothing here formats. */
final class Images {
  private static final Logger log = LoggerFactory.getLogger(Images.class);
  // A detached device may be held for a moment longer by whoever looks at new devices.
  private static final Duration RELEASE_LIMIT = Duration.ofSeconds(2);
  private static final Duration RELEASE_PAUSE = Duration.ofMillis(10);
  private static final Duration CHECK_LIMIT = Duration.ofMinutes(30);

  private final Host host;
  private final LoopDevices loops;
  private final Mounts mounts;
  private final boolean growsExt4Mounted;

  /**
   * @param growsExt4Mounted whether this process may grow a mounted ext4
   */
  Images(Host host, Mounts mounts, boolean growsExt4Mounted) {
    this.host = host;
    this.loops = new LoopDevices(host);
    this.mounts = mounts;
    this.growsExt4Mounted = growsExt4Mounted;
  }

  /**
   * Attaches the image and mounts it, or binds its device, at the staging path; undone if it fails.
   *
   * @param flags the user's own mount flags
   * @param capacityBytes that the image must have
   */
  void stage(StagedVolume volume, List<String> flags, long capacityBytes) throws IOException {
    requireImage(volume, capacityBytes);
    requireUnserved(volume);
    Optional<FsType> type = volume.contents().fsType();
    if (type.isPresent()) {
      stageFilesystem(volume, type.get(), flags);
    } else {
      stageDevice(volume);
    }
  }

  private void stageFilesystem(StagedVolume volume, FsType type, List<String> flags)
      throws IOException {
    // From the beginning the device vanishes with its last user, whatever happens.
    try (LoopDevices.Held held =
        loops.hold(volume.source(), volume.readOnly(), volume.sectorBytes())) {
      mount(volume, type, flags, held.device());
    } catch (RuntimeException | IOException e) {
      undoStage(volume, e);
      throw e;
    }
  }

  private void stageDevice(StagedVolume volume) {
    LoopDevice device = loops.attach(volume.source(), volume.readOnly(), volume.sectorBytes());
    try {
      Mounts.prepareFile(volume.mountPoint());
      mounts.bind(device.path(), volume.mountPoint(), volume.readOnly());
    } catch (RuntimeException e) {
      undoStage(volume, e);
      try {
        loops.detach(device);
      } catch (RuntimeException again) {
        e.addSuppressed(again);
        log.warn(
            "{} of volume \"{}\" is left over: {}", device, volume.volume(), again.getMessage());
      }
      throw e;
    }
  }

  private void undoStage(StagedVolume volume, Exception cause) {
    try {
      if (Mounts.at(volume.mountPoint()).isPresent()) {
        mounts.unmount(volume.mountPoint());
      }
    } catch (RuntimeException e) {
      cause.addSuppressed(e);
      log.warn(
          "{} of volume \"{}\" is left over: {}",
          volume.mountPoint(),
          volume.volume(),
          e.getMessage());
    }
  }

  private static void requireImage(StagedVolume volume, long capacityBytes) throws IOException {
    try {
      long bytes = Files.size(volume.source());
      if (bytes < capacityBytes) {
        throw damaged(volume, "is " + bytes + " bytes, " + capacityBytes + " were promised");
      }
    } catch (NoSuchFileException e) {
      throw damaged(volume, "is missing");
    }
    Optional<FsType> wanted = volume.contents().fsType();
    if (wanted.isPresent()
        && !Superblock.read(volume.source()).map(Superblock::type).equals(wanted)) {
      throw damaged(volume, "holds no " + wanted.get().label() + "; nothing formats it again");
    }
  }

  private static StorageException damaged(StagedVolume volume, String how) {
    return new StorageException(
        StorageException.Reason.FAILED,
        "volume \"" + volume.volume() + "\" is damaged: its image " + volume.source() + " " + how);
  }

  /**
   * That no other device serves the image in a way that excludes this one: the use lock keeps other
   * nodes away, this everybody else.
   */
  private void requireUnserved(StagedVolume volume) throws IOException {
    for (LoopDevices.Attached other : loops.of(volume.source())) {
      boolean harmless = volume.shareable() || (volume.readOnly() && other.readOnly());
      boolean dying = other.autoclear() && mountsOf(other.device()).isEmpty();
      if (!harmless && !(dying && released(other.device(), volume))) {
        throw StorageException.precondition(
            "the image of volume \""
                + volume.volume()
                + "\" is attached to "
                + other.device()
                + " by somebody else; detach it: losetup -d "
                + other.device());
      }
    }
  }

  private void mount(StagedVolume volume, FsType type, List<String> flags, LoopDevice device)
      throws IOException {
    boolean grow = !volume.readOnly() && canGrow(volume, device);
    boolean growMounted = type != FsType.EXT4 || growsExt4Mounted;
    if (grow && !growMounted) {
      growExt4Unmounted(volume, device);
    }
    List<String> options = new ArrayList<>(flags);
    if (volume.readOnly()) {
      options.add(type.readOnlyOptions());
    }
    mounts.mount(type.label(), String.join(",", options), device, volume.mountPoint());
    if (grow && growMounted) {
      growMounted(volume, type, device);
    }
  }

  /**
   * Whether the filesystem has not got all of its device yet. What a mounted one has gained may not
   * be in its image so far; then it is told to grow once too often.
   */
  private static boolean canGrow(StagedVolume volume, LoopDevice device) throws IOException {
    return Superblock.read(volume.source())
        .filter(found -> found.growsTo(device.sizeBytes()))
        .isPresent();
  }

  /** What fails here is reported when the node is told to grow the volume. */
  private void growMounted(StagedVolume volume, FsType type, LoopDevice device) {
    log.info("growing the filesystem of volume \"{}\"", volume.volume());
    try {
      host.run(
          Command.of(type.growMounted(device.path(), volume.mountPoint())).within(CHECK_LIMIT));
    } catch (CommandException e) {
      log.warn("volume \"{}\" keeps its size for now: {}", volume.volume(), e.getMessage());
    }
  }

  private void growExt4Unmounted(StagedVolume volume, LoopDevice device) {
    log.info("growing the filesystem of volume \"{}\" before it is mounted", volume.volume());
    Command check = Command.of("e2fsck", "-f", "-p", device.toString()).within(CHECK_LIMIT);
    try {
      host.run(check);
    } catch (CommandException e) {
      // e2fsck(8): 1 = errors were corrected.
      if (e.exitCode() != 1) {
        throw e;
      }
    }
    host.run(Command.of("resize2fs", device.toString()).within(CHECK_LIMIT));
  }

  /**
   * Takes the volume off its staging path, and lets go of its image.
   *
   * @throws StorageException PRECONDITION if something holds the device still
   */
  void unstage(StagedVolume volume) throws IOException {
    sweep(volume);
    Optional<Mount> mount = Mounts.at(volume.mountPoint());
    if (mount.isPresent() && Mounts.shows(mount.get(), volume.source())) {
      LoopDevice device = Mounts.loop(mount.get()).orElseThrow();
      takeAway(device, volume.mountPoint(), volume.contents().fsType().isEmpty());
      requireReleased(device, volume);
    } else if (Files.exists(volume.source())) {
      for (LoopDevices.Attached left : loops.of(volume.source())) {
        boolean alike = left.ours() && left.readOnly() == volume.readOnly();
        if (alike && mountsOf(left.device()).isEmpty()) {
          // What vanishes by itself is not detached: its number may be another volume's by then.
          if (!left.autoclear()) {
            loops.detach(left.device());
          }
          requireReleased(left.device(), volume);
        }
      }
    }
    if (volume.contents().fsType().isEmpty()) {
      Mounts.removeMountPoint(volume.mountPoint());
    }
  }

  /** Binds the volume's device to a target; a read-only one gets a device of its own. */
  void publish(StagedVolume volume, Path target, boolean readOnly) {
    Mounts.prepareFile(target);
    if (!readOnly || volume.readOnly()) {
      mounts.bind(stagedDevice(volume).path(), target, readOnly);
      return;
    }
    LoopDevice device = loops.attach(volume.source(), true, volume.sectorBytes());
    try {
      mounts.bind(device.path(), target, true);
    } catch (RuntimeException e) {
      loops.detach(device);
      throw e;
    }
  }

  /** Takes a bound device off a target, and detaches it if it was the target's own. */
  void unpublish(Path target, LoopDevice device) {
    mounts.unmount(target);
    if (mountsOf(device).isEmpty()) {
      loops.detach(device);
    }
  }

  /** Detaches read-only devices that a target was to get when the driver was stopped, or had. */
  void sweep(StagedVolume volume) throws IOException {
    if (volume.contents() != Contents.BLOCK || !Files.exists(volume.source())) {
      return;
    }
    Optional<LoopDevice> staged = staged(volume);
    for (LoopDevices.Attached left : loops.of(volume.source())) {
      boolean ours =
          left.ours() && left.readOnly() && staged.filter(left.device()::equals).isEmpty();
      if (ours && !volume.readOnly() && mountsOf(left.device()).isEmpty()) {
        log.info("detaching {}, left over of volume \"{}\"", left.device(), volume.volume());
        loops.detach(left.device());
      }
    }
  }

  /**
   * Lets the devices have the image's size, and grows the filesystem on it.
   *
   * @throws StorageException PRECONDITION if the filesystem can't be grown while it is mounted
   */
  void grow(StagedVolume volume) throws IOException {
    for (LoopDevices.Attached attached : loops.of(volume.source())) {
      loops.resize(attached.device());
    }
    Optional<FsType> type = volume.contents().fsType();
    if (type.isEmpty()) {
      return;
    }
    if (volume.readOnly()) {
      throw StorageException.precondition(
          "volume \""
              + volume.volume()
              + "\" is in use read-only: its filesystem grows when it is"
              + " staged read-write");
    }
    LoopDevice device = stagedDevice(volume);
    if (!canGrow(volume, device)) {
      return;
    }
    if (type.get() == FsType.EXT4 && !growsExt4Mounted) {
      throw StorageException.precondition(
          "the ext4 of volume \""
              + volume.volume()
              + "\" can't grow while it is mounted: the kernel"
              + " wants CAP_SYS_RESOURCE, which this process lacks. It grows when the volume is"
              + " staged next");
    }
    host.run(
        Command.of(type.get().growMounted(device.path(), volume.mountPoint())).within(CHECK_LIMIT));
  }

  /**
   * Takes the device off the mount point, and detaches it.
   *
   * @param bound whether its node is mounted there, not its filesystem
   */
  void takeAway(LoopDevice device, Path mountPoint, boolean bound) {
    if (bound) {
      // Being bound does not keep it attached, and without it nobody could tell whose mount it is.
      mounts.unmount(mountPoint);
      loops.detach(device);
    } else {
      // It vanishes with its mount. Afterwards its number may be another volume's already.
      loops.detach(device);
      mounts.unmountFilesystem(mountPoint);
    }
  }

  private static LoopDevice stagedDevice(StagedVolume volume) {
    return staged(volume)
        .orElseThrow(() ->
            StorageException.precondition(
                "volume \"" + volume.volume() + "\" is not staged at " + volume.stagingPath()));
  }

  private static Optional<LoopDevice> staged(StagedVolume volume) {
    return Mounts.at(volume.mountPoint())
        .filter(mount -> Mounts.shows(mount, volume.source()))
        .flatMap(Mounts::loop);
  }

  private static List<Mount> mountsOf(LoopDevice device) {
    return MountTable.read().all().stream()
        .filter(mount -> Mounts.loop(mount).filter(device::equals).isPresent())
        .toList();
  }

  /** A mount in another mount namespace, or a reader of the raw device, may hold it. */
  private static void requireReleased(LoopDevice device, StagedVolume volume) {
    if (!released(device, volume)) {
      throw StorageException.precondition(
          device
              + " of volume \""
              + volume.volume()
              + "\" is still held by a process or by a mount"
              + " in another mount namespace; the volume stays locked until it is released");
    }
  }

  private static boolean released(LoopDevice device, StagedVolume volume) {
    long end = System.nanoTime() + RELEASE_LIMIT.toNanos();
    while (Mounts.serves(device, volume.source())) {
      if (System.nanoTime() > end) {
        return false;
      }
      LockSupport.parkNanos(RELEASE_PAUSE.toNanos());
    }
    return true;
  }
}
