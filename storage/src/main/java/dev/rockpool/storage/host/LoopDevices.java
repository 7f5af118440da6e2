package dev.rockpool.storage.host;

import dev.rockpool.storage.StorageException;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Attaches images to loop devices, and finds those that are. */
public final class LoopDevices {
  private static final Logger log = LoggerFactory.getLogger(LoopDevices.class);
  private static final Path DEVICES = Path.of("/sys/block");
  // As many others may take the free device before us.
  private static final int ATTEMPTS = 100;

  private final Host host;

  public LoopDevices(Host host) {
    this.host = host;
  }

  /**
   * A loop device and what it serves.
   *
   * @param device the device
   * @param readOnly whether it refuses writes
   * @param autoclear whether it vanishes with its last user
   * @param ours whether a driver like this one has attached it, or somebody else
   */
  public record Attached(LoopDevice device, boolean readOnly, boolean autoclear, boolean ours) {}

  /** The devices that serve this very file, whatever it is called by now. */
  public List<Attached> of(Path image) throws IOException {
    FileId file = FileId.of(image);
    // Of each device the kernel asks its image's filesystem, which may hang.
    List<Attached> found = new ArrayList<>();
    host.call(
        SystemCall.of(
            "loop-find",
            "looking for loop devices of " + image,
            () -> {
              for (LoopDevice device : attached()) {
                status(device)
                    .filter(status -> status.file().equals(file))
                    .ifPresent(status ->
                        found.add(
                            new Attached(
                                device, status.readOnly(), status.autoclear(), status.ours())));
              }
            }));
    return List.copyOf(found);
  }

  /** Of a device whose file's filesystem has failed nothing is known; the image's has answered. */
  private static Optional<LoopControl.Status> status(LoopDevice device) throws IOException {
    try {
      return LoopControl.status(device);
    } catch (KernelException e) {
      log.debug("{} does not tell what it serves: {}", device, e.getMessage());
      return Optional.empty();
    }
  }

  private static List<LoopDevice> attached() throws IOException {
    List<LoopDevice> devices = new ArrayList<>();
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(DEVICES, "loop*")) {
      for (Path entry : entries) {
        LoopDevice.ofPath("/dev/" + entry.getFileName())
            .filter(LoopDevice::attached)
            .ifPresent(devices::add);
      }
    }
    return devices;
  }

  /** A device that is attached for as long as this is open, or its filesystem is mounted. */
  public static final class Held implements AutoCloseable {
    private final LoopDevice device;
    private final Descriptor open;

    private Held(LoopDevice device, Descriptor open) {
      this.device = device;
      this.open = open;
    }

    public LoopDevice device() {
      return device;
    }

    @Override
    public void close() {
      try {
        open.close();
      } catch (IOException e) {
        throw StorageException.of("can't let go of " + device, e);
      }
    }
  }

  /**
   * Attaches the image to a free device, with direct I/O where its filesystem can do that.
   *
   * @param sectorBytes logical sector size of the device
   */
  public LoopDevice attach(Path image, boolean readOnly, int sectorBytes) {
    try (Held attached = attach(image, readOnly, sectorBytes, false)) {
      return attached.device();
    }
  }

  /**
   * Attaches the image as {@link #attach} does, but only for as long as what is returned is open or
   * its filesystem is mounted: whenever this process ends, nothing is left over.
   */
  public Held hold(Path image, boolean readOnly, int sectorBytes) {
    return attach(image, readOnly, sectorBytes, true);
  }

  private Held attach(Path image, boolean readOnly, int sectorBytes, boolean autoclear) {
    AtomicReference<@Nullable Held> attached = new AtomicReference<>();
    host.call(
        SystemCall.of(
                "loop-attach",
                "attaching " + image + " to a loop device",
                () -> attached.set(attachNow(image, readOnly, sectorBytes, autoclear)))
            .undoneBy(() -> detachLate(attached.get(), autoclear)));
    return Optional.ofNullable(attached.get()).orElseThrow();
  }

  private static Held attachNow(Path image, boolean readOnly, int sectorBytes, boolean autoclear)
      throws IOException {
    try (Descriptor file = open(image, readOnly)) {
      for (int attempt = 1; ; attempt++) {
        LoopDevice device = LoopControl.free();
        Descriptor open = openDevice(device, readOnly);
        try {
          LoopControl.configure(open, file, image, readOnly, sectorBytes, autoclear);
          return new Held(device, open);
        } catch (KernelException e) {
          open.close();
          // Somebody else was told that it is free, too.
          if (e.errno() != KernelException.EBUSY || attempt == ATTEMPTS) {
            throw e;
          }
        }
      }
    }
  }

  private static Descriptor openDevice(LoopDevice device, boolean readOnly) throws IOException {
    try {
      return open(device.path(), readOnly);
    } catch (KernelException e) {
      if (!LoopControl.isNotThere(e)) {
        throw e;
      }
      throw new IOException(
          device
              + " is free, but has no node in /dev: let the driver have the host's /dev, or make"
              + " the node: mknod "
              + device
              + " b "
              + device.majorMinor().replace(':', ' '),
          e);
    }
  }

  private static Descriptor open(Path path, boolean readOnly) throws IOException {
    return readOnly ? Descriptor.forReading(path) : Descriptor.forWriting(path);
  }

  private static void detachLate(@Nullable Held attached, boolean autoclear) {
    if (attached == null) {
      return;
    }
    try (attached) {
      if (!autoclear) {
        LoopControl.clear(attached.device());
      }
    } catch (IOException e) {
      log.warn("{} was attached too late, and is left over: {}", attached.device(), e.getMessage());
    }
  }

  /**
   * Detaches the device; one that is in use vanishes with its last user.
   *
   * @throws StorageException if it can't be detached; not if it is not attached
   */
  public void detach(LoopDevice device) {
    host.call(
        SystemCall.of(
            "loop-detach",
            "detaching " + device,
            () -> {
              try {
                LoopControl.clear(device);
              } catch (KernelException e) {
                if (!LoopControl.isNotThere(e) || device.attached()) {
                  throw e;
                }
              }
            }));
  }

  /** Lets the device have the size that its file has now. */
  public void resize(LoopDevice device) {
    host.call(
        SystemCall.of("loop-resize", "resizing " + device, () -> LoopControl.updateSize(device)));
  }
}
