package dev.rockpool.storage.host;

import dev.rockpool.storage.StorageException;
import java.io.IOException;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Mounts and unmounts. */
public final class Mounter {
  private static final Logger log = LoggerFactory.getLogger(Mounter.class);
  private static final int UMOUNT_NOFOLLOW = 8;
  private static final int ATTEMPTS = 50;
  private static final Duration PAUSE = Duration.ofMillis(20);
  private static final Set<String> RESTRICTIONS =
      Set.of("nosuid", "nodev", "noexec", "nosymfollow", "noatime", "nodiratime", "relatime");

  private final Host host;

  public Mounter(Host host) {
    this.host = host;
  }

  /** The C library's functions, looked up when the first of them is needed. */
  private static final class Functions {
    private static final MethodHandle MOUNT =
        Kernel.function(
            "mount",
            FunctionDescriptor.of(
                ValueLayout.JAVA_INT,
                ValueLayout.ADDRESS,
                ValueLayout.ADDRESS,
                ValueLayout.ADDRESS,
                ValueLayout.JAVA_LONG,
                ValueLayout.ADDRESS));
    private static final MethodHandle UMOUNT =
        Kernel.function(
            "umount2",
            FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.JAVA_INT));

    private Functions() {}
  }

  /**
   * Mounts the filesystem of a device.
   *
   * @param options separated by commas; they may be secret, and are in no message
   * @throws PendingException if it has not ended within its limit: it may still be mounted
   */
  public void mount(String fsType, String options, LoopDevice device, Path mountPoint) {
    var understood = MountOptions.parse(options);
    if (understood.isEmpty()) {
      host.run(
          Command.of("mount", "-t", fsType, "-o")
              .withHidden(options)
              .with(device.toString(), mountPoint.toString()));
      return;
    }
    MountOptions known = understood.get();
    String text =
        "mount -t "
            + fsType
            + (options.isEmpty() ? "" : " -o ***")
            + " "
            + device
            + " "
            + mountPoint;
    // The device stays this volume's for as long as the kernel may still mount it.
    Descriptor kept = open(device);
    host.call(
        SystemCall.of(
            "mount",
            text,
            () -> {
              try (kept) {
                mount(device.path(), mountPoint, fsType, known.flags(), known.data());
              }
            }));
  }

  private static Descriptor open(LoopDevice device) {
    try {
      return Descriptor.forReading(device.path());
    } catch (IOException e) {
      throw StorageException.of("can't open " + device, e);
    }
  }

  /** Shows what is at one path at another one too. */
  public void bind(Path source, Path mountPoint, boolean readOnly) {
    String text = "mount --bind " + (readOnly ? "-o ro " : "") + source + " " + mountPoint;
    host.call(SystemCall.of("mount", text, () -> bindNow(source, mountPoint, readOnly)));
  }

  private static void bindNow(Path source, Path mountPoint, boolean readOnly) throws IOException {
    // Asked for beforehand, since it must not fail when the mount is there.
    long restrictions = readOnly ? restrictions(source) : 0;
    mount(source, mountPoint, "none", MountOptions.BIND, "");
    if (!readOnly) {
      return;
    }
    try {
      long flags = MountOptions.BIND | MountOptions.REMOUNT | MountOptions.READ_ONLY | restrictions;
      mount(source, mountPoint, "none", flags, "");
    } catch (IOException e) {
      detachMount(mountPoint);
      throw e;
    }
  }

  /** To make a mount read-only sets all its own options anew: those of its source are kept. */
  private static long restrictions(Path source) {
    String options =
        MountTable.read().holding(source).stream()
            .flatMap(mount -> mount.options().stream())
            .filter(RESTRICTIONS::contains)
            .collect(Collectors.joining(","));
    return MountOptions.parse(options).orElseThrow().flags();
  }

  /**
   * Takes off what is mounted there, the uppermost of several.
   *
   * @throws StorageException FAILED, also if something in it is in use
   */
  public void unmount(Path mountPoint) {
    host.call(SystemCall.of("umount", "umount " + mountPoint, () -> detachMount(mountPoint)));
  }

  /**
   * Takes off the filesystem that is mounted there, for good. One that somebody has frozen is
   * thawed first: the kernel would keep it, and its device, where nobody gets at it any more.
   *
   * @throws StorageException FAILED, also if something in it is in use
   */
  public void unmountFilesystem(Path mountPoint) {
    host.call(
        SystemCall.of(
            "umount",
            "umount " + mountPoint,
            () -> {
              thaw(mountPoint);
              detachMount(mountPoint);
            }));
  }

  /** One that an I/O error has shut down can't even be opened, and is not frozen either. */
  private static void thaw(Path mountPoint) {
    try {
      if (Freeze.thaw(mountPoint)) {
        log.warn("{} was frozen, and is thawed to be unmounted", mountPoint);
      }
    } catch (IOException e) {
      log.warn("{} can't be thawed before it is unmounted: {}", mountPoint, e.getMessage());
    }
  }

  private static void mount(Path source, Path mountPoint, String fsType, long flags, String data)
      throws IOException {
    Kernel.call(
        "mount",
        (errno, memory) -> {
          MemorySegment text = data.isEmpty() ? MemorySegment.NULL : memory.allocateFrom(data);
          return (int)
              Functions.MOUNT.invokeExact(
                  errno,
                  memory.allocateFrom(source.toString()),
                  memory.allocateFrom(mountPoint.toString()),
                  memory.allocateFrom(fsType),
                  flags,
                  text);
        });
  }

  /** Whoever looks at a mount keeps it busy for that moment: it is tried for a while. */
  private static void detachMount(Path mountPoint) throws IOException {
    for (int attempt = 1; ; attempt++) {
      try {
        detachMountNow(mountPoint);
        return;
      } catch (KernelException e) {
        if (e.errno() != KernelException.EBUSY || attempt == ATTEMPTS) {
          throw e;
        }
        LockSupport.parkNanos(PAUSE.toNanos());
      }
    }
  }

  private static void detachMountNow(Path mountPoint) throws IOException {
    Kernel.call(
        "umount2",
        (errno, memory) ->
            (int)
                Functions.UMOUNT.invokeExact(
                    errno, memory.allocateFrom(mountPoint.toString()), UMOUNT_NOFOLLOW));
  }
}
