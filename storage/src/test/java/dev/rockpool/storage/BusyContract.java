package dev.rockpool.storage;

import static dev.rockpool.storage.Asked.MIB;
import static dev.rockpool.storage.Failures.assertRefused;
import static org.assertj.core.api.Assertions.assertThat;

import dev.rockpool.storage.StorageException.Reason;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;

/** What happens while a call takes its time: to others on the same volume, and on other volumes. */
interface BusyContract extends ContractChapter {
  @Test
  default void aCallOnAVolumeThatIsBeingMadeIsRefusedAtOnce() throws Exception {
    VolumeId id = VolumeId.parse("slow");
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
        HoldableHost.Hold mkfs = fixture().host().hold("mkfs.ext4")) {
      Future<Volume> slow = threads.submit(() -> create(Asked.filesystem("slow", FsType.EXT4)));
      mkfs.awaitReached();
      assertRefused(Reason.BUSY, () -> create(Asked.filesystem("slow", FsType.EXT4)))
          .contains("slow");
      assertRefused(Reason.BUSY, () -> volumes().delete(id));
      assertRefused(
          Reason.BUSY, () -> attach(id, node(), AccessMode.SINGLE_NODE_WRITER, Access.READ_WRITE));
      assertRefused(Reason.BUSY, () -> volumes().detach(id, Optional.empty()));
      assertRefused(Reason.BUSY, () -> volumes().expand(id, new SizeRange(32 * MIB, 0)));
      assertThat(volumes().find(id)).isEmpty();
      assertThat(ids()).isEmpty();
      mkfs.release();
      assertThat(slow.get().id()).isEqualTo(id);
    }
    volumes().delete(id);
  }

  @Test
  default void callsOnOtherVolumesDontWaitForACreate() throws Exception {
    long before = available();
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
        HoldableHost.Hold mkfs = fixture().host().hold("mkfs.ext4")) {
      Future<Volume> slow =
          threads.submit(() -> create(Asked.filesystem("slow", FsType.EXT4).size(100 * MIB)));
      mkfs.awaitReached();
      assertThat(available()).isEqualTo(before - 100 * MIB);
      useAnotherVolume();
      mkfs.release();
      slow.get();
    }
    assertThat(available()).isEqualTo(before - 100 * MIB);
  }

  default void useAnotherVolume() {
    VolumeId other = create(Asked.block("other")).id();
    attach(other, node(), AccessMode.SINGLE_NODE_WRITER, Access.READ_WRITE);
    volumes().expand(other, new SizeRange(32 * MIB, 0));
    volumes().detach(other, Optional.of(node()));
    assertThat(ids()).contains(other);
    volumes().delete(other);
  }
}
