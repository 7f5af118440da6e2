package dev.rockpool.storage;

import static dev.rockpool.storage.Asked.MIB;
import static dev.rockpool.storage.Failures.assertRefused;
import static org.assertj.core.api.Assertions.assertThat;

import dev.rockpool.storage.StorageException.Reason;
import dev.rockpool.storage.VolumesFixture.Setup;
import dev.rockpool.storage.host.Command;
import dev.rockpool.storage.host.ExecHost;
import dev.rockpool.storage.host.Host;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/** A pool whose filesystem is unmounted, and mounted again, while it is open. */
@Timeout(60)
@ParameterizedClass
@EnumSource(PoolKind.class)
final class UnmountedPoolIT {
  private static final Host HOST = new ExecHost((program, succeeded, took) -> {});
  private static final VolumeId ID = VolumeId.parse("a");
  private static final AccessMode ONE_NODE = AccessMode.SINGLE_NODE_WRITER;

  @TempDir private Path directory;
  private final PoolKind kind;
  private Path stays;
  private Path mounted;
  private PoolFixture pool;
  private Volume made;

  UnmountedPoolIT(PoolKind kind) {
    this.kind = kind;
  }

  @BeforeEach
  void makeVolume() throws IOException {
    stays = Files.createDirectory(directory.resolve("stays"));
    mounted = Files.createDirectory(directory.resolve("mounted"));
    mount(stays);
    Setup setup = new Setup(100 * MIB, 1, 0);
    pool =
        kind == PoolKind.LOCAL
            ? PoolFixture.local(mounted, setup)
            : PoolFixture.shared(mounted, setup);
    pool.create(Asked.block("a"));
    made = pool.volumes().attach(ID, attachment(Access.READ_WRITE));
  }

  @AfterEach
  void unmountAll() {
    pool.closeAll();
    unmount();
  }

  private Attachment attachment(Access access) {
    return new Attachment(pool.nodes().getFirst(), ONE_NODE, access);
  }

  private void mount(Path from) {
    HOST.run(Command.of("mount", "--bind", from.toString(), mounted.toString()));
  }

  private void unmount() {
    HOST.run(Command.of("umount", "--lazy", mounted.toString()));
  }

  private List<ThrowingCallable> allCalls() {
    PoolVolumes volumes = pool.volumes();
    return List.of(
        () -> volumes.find(ID),
        () -> pool.create(Asked.block("a")),
        () -> pool.create(Asked.block("new")),
        () -> volumes.delete(ID),
        () -> volumes.delete(VolumeId.parse("never-was")),
        () -> volumes.attach(ID, attachment(Access.READ_WRITE)),
        () -> volumes.detach(ID, Optional.empty()),
        () -> volumes.expand(ID, new SizeRange(32 * MIB, 0)),
        () -> volumes.list(Optional.empty(), 10),
        () -> volumes.capacity(Optional.empty(), Optional.empty()));
  }

  @Test
  void nothingIsSaidAboutItsVolumes() throws IOException {
    unmount();
    for (ThrowingCallable call : allCalls()) {
      assertRefused(Reason.UNAVAILABLE, call).contains("pool \"default\"");
    }
    assertThat(mounted).isEmptyDirectory();
    assertThat(pool.opened().ailment()).isPresent();
    mount(stays);
  }

  @Test
  void itIsServedAgainWhenItIsBack() {
    unmount();
    for (ThrowingCallable call : allCalls()) {
      assertRefused(Reason.UNAVAILABLE, call);
    }
    mount(stays);
    assertThat(pool.opened().ailment()).isEmpty();
    assertThat(pool.volumes().list(Optional.empty(), 10)).containsExactly(made);
    assertThat(pool.available()).isEqualTo(84 * MIB);
    assertThat(pool.volumes().find(ID)).contains(made);
    assertThat(pool.create(Asked.block("a"))).isEqualTo(made);
    pool.volumes().detach(ID, Optional.empty());
    pool.volumes().delete(ID);
    assertThat(pool.volumes().find(ID)).isEmpty();
  }

  @Test
  void anotherPoolInItsPlaceIsNotTakenForIt() throws IOException {
    Path other = Files.createDirectory(directory.resolve("other"));
    PoolDirectory.init(PoolFixture.POOL, other, kind);
    unmount();
    mount(other);
    for (ThrowingCallable call : allCalls()) {
      assertRefused(Reason.UNAVAILABLE, call).contains("another pool");
    }
    unmount();
    mount(stays);
    assertThat(pool.volumes().list(Optional.empty(), 10)).containsExactly(made);
  }

  @Test
  void volumesOfOtherPoolsAreServed() throws IOException {
    pool.closeAll();
    PoolSpec gone = new PoolSpec(PoolFixture.POOL, mounted, Long.MAX_VALUE, 1);
    PoolSpec there = new PoolSpec(new PoolName("there"), directory.resolve("there"), 100 * MIB, 1);
    PoolDirectory.init(there.name(), there.directory(), kind);
    try (Pools pools = Pools.open(List.of(gone, there), pool.nodes().getFirst(), 0)) {
      PoolVolumes volumes = new PoolVolumes(() -> pools, HOST);
      Volume other = volumes.create(Asked.block("b").pool("there").build());
      unmount();
      assertThat(volumes.find(other.id())).contains(other);
      assertThat(volumes.create(Asked.block("b").build())).isEqualTo(other);
      assertThat(volumes.capacity(Optional.of(there.name()), Optional.empty()).availableBytes())
          .isEqualTo(84 * MIB);
      assertRefused(Reason.UNAVAILABLE, () -> volumes.find(ID));
      assertRefused(
          Reason.UNAVAILABLE, () -> volumes.create(Asked.block("new").pool("there").build()));
      volumes.delete(other.id());
      assertRefused(Reason.UNAVAILABLE, () -> volumes.find(other.id()));
      assertThat(pools.ailment()).isPresent();
    } finally {
      mount(stays);
    }
  }

  @Test
  void itCantBeOpenedWhileItIsGone() {
    pool.closeAll();
    unmount();
    PoolSpec spec = new PoolSpec(PoolFixture.POOL, mounted, Long.MAX_VALUE, 1);
    assertRefused(Reason.INVALID, () -> Pool.open(spec, pool.nodes().getFirst(), 0))
        .contains("not mounted");
    assertThat(mounted).isEmptyDirectory();
    mount(stays);
  }
}
