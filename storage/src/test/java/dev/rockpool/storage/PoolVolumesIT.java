package dev.rockpool.storage;

import static dev.rockpool.storage.Asked.MIB;
import static dev.rockpool.storage.Failures.assertRefused;
import static org.assertj.core.api.Assertions.assertThat;

import dev.rockpool.storage.StorageException.Reason;
import dev.rockpool.storage.VolumesFixture.Setup;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@link PoolVolumes} keeps the contract, on pools of an XFS. */
final class PoolVolumesIT {
  private static PoolFilesystem filesystem;

  @BeforeAll
  static void mount(@TempDir Path directory) throws IOException {
    filesystem = PoolFilesystem.xfs(directory);
  }

  @AfterAll
  static void unmount() throws IOException {
    filesystem.close();
  }

  @Nested
  final class OnALocalPool extends VolumesContract {
    @Override
    protected VolumesFixture open(Setup setup) throws IOException {
      return PoolFixture.local(filesystem.newDirectory(), setup);
    }

    @Test
    void aFilesystemForManyWritersNeedsASharedPool() {
      assertRefused(
              Reason.INVALID,
              () -> create(Asked.filesystem("a").modes(AccessMode.MULTI_NODE_MULTI_WRITER)))
          .contains("shared")
          .contains("SINGLE_NODE_MULTI_WRITER");
    }

    @Test
    void callsOnOtherVolumesDontWaitForAnExpansion() throws Exception {
      VolumeId id = create(Asked.block("slow").thick()).id();
      long before = available();
      try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
          HoldableHost.Hold fallocate = fixture().host().hold("fallocate")) {
        Future<Volume> slow =
            threads.submit(() -> volumes().expand(id, new SizeRange(32 * MIB, 0)));
        fallocate.awaitReached();
        assertRefused(Reason.BUSY, () -> volumes().delete(id));
        assertThat(volumes().find(id).orElseThrow().record().capacityBytes()).isEqualTo(16 * MIB);
        useAnotherVolume();
        fallocate.release();
        assertThat(slow.get().record().capacityBytes()).isEqualTo(32 * MIB);
      }
      assertThat(available()).isEqualTo(before - 16 * MIB);
    }
  }

  @Nested
  final class OnASharedPool extends SharedVolumesContract {
    @Override
    protected VolumesFixture open(Setup setup) throws IOException {
      return PoolFixture.shared(filesystem.newDirectory(), setup);
    }
  }
}
