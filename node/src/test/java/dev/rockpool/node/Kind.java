package dev.rockpool.node;

import static org.assertj.core.api.Assertions.assertThat;

import dev.rockpool.proto.csi.VolumeCapability;
import dev.rockpool.proto.csi.VolumeCapability.AccessMode.Mode;
import dev.rockpool.storage.FsType;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.Optional;
import java.util.Random;

/** The kinds of image volumes, and how a user writes and reads each. */
enum Kind {
  BLOCK(16),
  EXT4(64),
  XFS(300),
  BTRFS(256);

  static final long MIB = 1L << 20;
  private static final int DATA_BYTES = 3 << 20;

  private final long bytes;

  Kind(long mib) {
    this.bytes = mib * MIB;
  }

  /** The size that tests make volumes of this kind with. */
  long bytes() {
    return bytes;
  }

  boolean block() {
    return this == BLOCK;
  }

  Optional<FsType> fsType() {
    return this == BLOCK ? Optional.empty() : Optional.of(FsType.valueOf(name()));
  }

  VolumeCapability capability(Mode mode, String... mountFlags) {
    VolumeCapability.Builder capability =
        VolumeCapability.newBuilder()
            .setAccessMode(VolumeCapability.AccessMode.newBuilder().setMode(mode));
    if (block()) {
      capability.setBlock(VolumeCapability.BlockVolume.getDefaultInstance());
    } else {
      capability.setMount(
          VolumeCapability.MountVolume.newBuilder()
              .setFsType(fsType().orElseThrow().label())
              .addAllMountFlags(Arrays.asList(mountFlags)));
    }
    return capability.build();
  }

  /** Writes the data of this number, from 0 to 4, and makes it lasting. */
  void write(Path target, int number) {
    write(file(target, number), offset(number), data(number));
  }

  /** Asserts that the data of this number is there, byte for byte. */
  void assertHolds(Path target, int number) {
    byte[] there = read(file(target, number), offset(number), DATA_BYTES);
    assertThat(Arrays.equals(there, data(number))).as("data %d at %s", number, target).isTrue();
  }

  /** Asserts that the data of this number is not there. */
  void assertHoldsNot(Path target, int number) {
    if (block()) {
      byte[] there = read(target, offset(number), DATA_BYTES);
      assertThat(Arrays.equals(there, data(number))).as("data %d at %s", number, target).isFalse();
    } else {
      assertThat(file(target, number)).doesNotExist();
    }
  }

  private Path file(Path target, int number) {
    return block() ? target : target.resolve("data-" + number);
  }

  private long offset(int number) {
    return block() ? (long) number * DATA_BYTES : 0;
  }

  private static byte[] data(int number) {
    byte[] data = new byte[DATA_BYTES];
    new Random(number).nextBytes(data);
    return data;
  }

  private static void write(Path file, long offset, byte[] data) {
    try (FileChannel channel =
        FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
      ByteBuffer bytes = ByteBuffer.wrap(data);
      while (bytes.hasRemaining()) {
        channel.write(bytes, offset + bytes.position());
      }
      channel.force(true);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static byte[] read(Path file, long offset, int length) {
    ByteBuffer bytes = ByteBuffer.allocate(length);
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      while (bytes.hasRemaining() && channel.read(bytes, offset + bytes.position()) > 0) {
        // A read may give less than was asked for.
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes.array();
  }
}
