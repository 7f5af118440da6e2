package dev.rockpool.storage.host;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Optional;

/** What the kernel's loop driver is asked, as linux/loop.h has it. */
final class LoopControl {
  private static final Path CONTROL = Path.of("/dev/loop-control");

  private static final long LOOP_CLR_FD = 0x4C01;
  private static final long LOOP_GET_STATUS64 = 0x4C05;
  private static final long LOOP_SET_CAPACITY = 0x4C07;
  private static final long LOOP_CONFIGURE = 0x4C0A;
  private static final long LOOP_CTL_GET_FREE = 0x4C82;

  private static final int READ_ONLY = 1;
  private static final int AUTOCLEAR = 4;
  private static final int DIRECT_IO = 16;

  // struct loop_info64
  private static final long INFO_BYTES = 232;
  private static final long DEVICE_AT = 0;
  private static final long INODE_AT = 8;
  private static final long FLAGS_AT = 52;
  private static final long NAME_AT = 56;
  private static final int NAME_BYTES = 64;

  // Where others write the image's path, which the kernel tells better elsewhere.
  private static final String MARK = "rockpool:";

  // struct loop_config, in which a loop_info64 is
  private static final long CONFIG_BYTES = 304;
  private static final long IMAGE_AT = 0;
  private static final long SECTOR_AT = 4;
  private static final long INFO_AT = 8;

  private LoopControl() {}

  /**
   * What a device serves, and how.
   *
   * @param file the file
   * @param readOnly whether the device refuses writes
   * @param autoclear whether it is detached with its last user
   * @param ours whether a driver like this one has attached it
   */
  record Status(FileId file, boolean readOnly, boolean autoclear, boolean ours) {}

  /** A device that serves nothing now; by the time that it is opened it may. */
  static LoopDevice free() throws IOException {
    try (Descriptor control = Descriptor.forWriting(CONTROL)) {
      return new LoopDevice((int) control.ioctl("LOOP_CTL_GET_FREE", LOOP_CTL_GET_FREE, 0));
    }
  }

  /**
   * Lets the device serve the image, with direct I/O where the image's filesystem can do that.
   *
   * @param autoclear whether it is detached with its last user
   * @throws KernelException EBUSY if it serves something already
   */
  static void configure(
      Descriptor device,
      Descriptor image,
      Path name,
      boolean readOnly,
      int sectorBytes,
      boolean autoclear)
      throws IOException {
    try (Arena memory = Arena.ofConfined()) {
      MemorySegment config = memory.allocate(CONFIG_BYTES, Long.BYTES);
      config.set(ValueLayout.JAVA_INT, IMAGE_AT, image.number());
      config.set(ValueLayout.JAVA_INT, SECTOR_AT, sectorBytes);
      int flags = DIRECT_IO | (readOnly ? READ_ONLY : 0) | (autoclear ? AUTOCLEAR : 0);
      config.set(ValueLayout.JAVA_INT, INFO_AT + FLAGS_AT, flags);
      // For those who look only: the kernel goes by the descriptor.
      byte[] text = (MARK + name).getBytes(StandardCharsets.UTF_8);
      MemorySegment.copy(
          text,
          0,
          config,
          ValueLayout.JAVA_BYTE,
          INFO_AT + NAME_AT,
          Math.min(text.length, NAME_BYTES - 1));
      device.ioctl("LOOP_CONFIGURE", LOOP_CONFIGURE, config);
    }
  }

  /** What the device serves, if it serves anything. */
  static Optional<Status> status(LoopDevice device) throws IOException {
    try (Descriptor open = Descriptor.forReading(device.path());
        Arena memory = Arena.ofConfined()) {
      MemorySegment info = memory.allocate(INFO_BYTES, Long.BYTES);
      open.ioctl("LOOP_GET_STATUS64", LOOP_GET_STATUS64, info);
      int flags = info.get(ValueLayout.JAVA_INT, FLAGS_AT);
      return Optional.of(
          new Status(
              new FileId(
                  info.get(ValueLayout.JAVA_LONG, DEVICE_AT),
                  info.get(ValueLayout.JAVA_LONG, INODE_AT)),
              (flags & READ_ONLY) != 0,
              (flags & AUTOCLEAR) != 0,
              marked(info)));
    } catch (KernelException e) {
      if (isNotThere(e)) {
        return Optional.empty();
      }
      throw e;
    }
  }

  private static boolean marked(MemorySegment info) {
    byte[] mark = MARK.getBytes(StandardCharsets.UTF_8);
    return info.asSlice(NAME_AT, mark.length).mismatch(MemorySegment.ofArray(mark)) == -1;
  }

  /** Detaches the device, at once or with its last user. */
  static void clear(LoopDevice device) throws IOException {
    try (Descriptor open = Descriptor.forReading(device.path())) {
      open.ioctl("LOOP_CLR_FD", LOOP_CLR_FD, 0);
    }
  }

  static void updateSize(LoopDevice device) throws IOException {
    try (Descriptor open = Descriptor.forReading(device.path())) {
      open.ioctl("LOOP_SET_CAPACITY", LOOP_SET_CAPACITY, 0);
    }
  }

  /** Whether it says that the device serves nothing, or that there is no such device. */
  static boolean isNotThere(KernelException e) {
    return e.errno() == KernelException.ENXIO || e.errno() == KernelException.ENOENT;
  }
}
