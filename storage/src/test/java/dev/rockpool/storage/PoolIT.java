package dev.rockpool.storage;

import static dev.rockpool.storage.Failures.assertRefused;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.rockpool.storage.StorageException.Reason;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Making and opening pools. */
@Timeout(60)
final class PoolIT {
  private static final PoolName FAST = new PoolName("fast");
  private static final NodeId A = new NodeId("node-a");
  private static final NodeId B = new NodeId("node-b");

  @TempDir private Path temporary;
  private Path directory;

  @BeforeEach
  void chooseDirectory() {
    directory = temporary.resolve("pool");
  }

  private PoolSpec spec(String name) {
    return new PoolSpec(new PoolName(name), directory, Long.MAX_VALUE, 1);
  }

  private PoolRecord init(PoolKind kind) {
    return PoolDirectory.init(FAST, directory, kind);
  }

  @ParameterizedTest
  @EnumSource(PoolKind.class)
  void aNewPoolDescribesItself(PoolKind kind) throws IOException {
    PoolRecord made = init(kind);
    assertThat(made.name()).isEqualTo(FAST);
    assertThat(made.kind()).isEqualTo(kind);
    assertThat(PoolDirectory.inspect(spec("fast"))).isEqualTo(made);
    for (String part : List.of(".", "volumes", "snapshots", "nodes")) {
      assertThat(
              PosixFilePermissions.toString(Files.getPosixFilePermissions(directory.resolve(part))))
          .isEqualTo("rwx------");
    }
  }

  @Test
  void aPoolThatIsOneAlreadyStays() {
    PoolRecord made = init(PoolKind.LOCAL);
    assertThat(init(PoolKind.LOCAL)).isEqualTo(made);
    assertRefused(Reason.ALREADY_EXISTS, () -> init(PoolKind.SHARED)).contains("local");
    assertRefused(
            Reason.ALREADY_EXISTS,
            () -> PoolDirectory.init(new PoolName("slow"), directory, PoolKind.LOCAL))
        .contains("\"fast\"");
    assertThat(PoolDirectory.inspect(spec("fast"))).isEqualTo(made);
  }

  @ParameterizedTest
  @ValueSource(strings = {"file", ".hidden", "pool.json.bak"})
  void aDirectoryWithSomethingInItBecomesNoPool(String name) throws IOException {
    Files.createDirectory(directory);
    Files.createFile(directory.resolve(name));
    assertRefused(Reason.INVALID, () -> init(PoolKind.LOCAL)).contains(name).contains("not empty");
    assertThat(directory).isDirectoryNotContaining("glob:**/volumes");
  }

  @Test
  void anInterruptedInitIsEnded() throws IOException {
    for (String part : List.of("volumes", "lost+found")) {
      Files.createDirectories(directory.resolve(part));
    }
    Files.createFile(directory.resolve("pool.json.tmp"));
    assertThat(init(PoolKind.LOCAL)).isEqualTo(PoolDirectory.inspect(spec("fast")));
  }

  @Test
  void aFileBecomesNoPool() throws IOException {
    Files.createFile(directory);
    assertRefused(Reason.FAILED, () -> init(PoolKind.LOCAL));
    assertThat(directory).isRegularFile();
  }

  @Test
  void aDirectoryThatIsNoPoolIsNotOpened() throws IOException {
    assertRefused(Reason.INVALID, () -> Pool.open(spec("fast"), A, 0)).contains("pool init");
    Files.createDirectory(directory);
    assertRefused(Reason.INVALID, () -> Pool.open(spec("fast"), A, 0)).contains("not a pool");
    assertThat(directory).isEmptyDirectory();
  }

  @Test
  void aPoolOfAnotherNameIsNotOpened() {
    init(PoolKind.LOCAL);
    assertRefused(Reason.INVALID, () -> Pool.open(spec("slow"), A, 0))
        .contains("\"fast\"")
        .contains("\"slow\"");
  }

  @ParameterizedTest
  @CsvSource(
      quoteCharacter = '|',
      value = {"{", "[]", "|{\"formatVersion\" : 2}|"})
  void aPoolThatCantBeReadIsNotOpenedAndNotOverwritten(String text) throws IOException {
    init(PoolKind.LOCAL);
    Path record = directory.resolve("pool.json");
    Files.writeString(record, text);
    assertRefused(Reason.UNAVAILABLE, () -> Pool.open(spec("fast"), A, 0)).contains("\"fast\"");
    assertThat(catchThrowable(() -> init(PoolKind.LOCAL))).isInstanceOf(StorageException.class);
    assertThat(record).hasContent(text);
  }

  @Test
  void aLocalPoolIsOpenedOnce() {
    init(PoolKind.LOCAL);
    Pool pool = Pool.open(spec("fast"), A, 0);
    assertRefused(Reason.PRECONDITION, () -> Pool.open(spec("fast"), A, 0)).contains("\"fast\"");
    assertRefused(Reason.PRECONDITION, () -> Pool.open(spec("fast"), B, 0)).contains("shared");
    pool.close();
    Pool.open(spec("fast"), B, 0).close();
  }

  @Test
  void aLocalPoolIsOpenedByOneProcess() throws IOException {
    PoolDirectory.init(PoolFixture.POOL, directory, PoolKind.LOCAL);
    try (OtherNode other = new OtherNode()) {
      assertThat(other.tell("open", directory, B)).isEqualTo("ok");
      assertRefused(Reason.PRECONDITION, () -> Pool.open(spec("default"), A, 0));
      other.kill();
      Pool.open(spec("default"), A, 0).close();
    }
  }

  @Test
  void aPoolIsTheSameUnderEveryPath() throws IOException {
    init(PoolKind.LOCAL);
    Path link = Files.createSymbolicLink(temporary.resolve("link"), directory);
    try (Pool pool = Pool.open(new PoolSpec(FAST, link, Long.MAX_VALUE, 1), A, 0)) {
      assertThat(pool.directory()).isEqualTo(directory.toRealPath());
      assertRefused(Reason.PRECONDITION, () -> Pool.open(spec("fast"), A, 0));
    }
  }

  @Test
  void aSharedPoolIsOpenedOnceByEachNode() {
    PoolRecord made = init(PoolKind.SHARED);
    try (Pool a = Pool.open(spec("fast"), A, 7);
        Pool b = Pool.open(spec("fast"), B, 0)) {
      assertRefused(Reason.PRECONDITION, () -> Pool.open(spec("fast"), A, 0))
          .contains("\"node-a\"");
      assertThat(a.topology()).isEqualTo(b.topology());
      assertThat(a.topology()).isEqualTo(Topology.ofSharedPool(FAST, made.id()));
      assertThat(b.knows(A)).isTrue();
      assertThat(b.maxVolumes(A)).isEqualTo(7);
      assertThat(b.knows(new NodeId("node-c"))).isFalse();
    }
  }

  @Test
  void aNodeStaysKnownWhenItHasLeft() {
    init(PoolKind.SHARED);
    Pool.open(spec("fast"), A, 0).close();
    try (Pool b = Pool.open(spec("fast"), B, 0)) {
      assertThat(b.knows(A)).isTrue();
    }
  }

  @Test
  void lookingAtAPoolLocksAndWritesNothing() throws IOException {
    init(PoolKind.LOCAL);
    try (Pool _ = Pool.look(spec("fast"), A)) {
      assertThat(directory.resolve("nodes")).isEmptyDirectory();
      assertThat(directory.resolve("pool.lock")).doesNotExist();
      try (Pool _ = Pool.open(spec("fast"), A, 0);
          Pool third = Pool.look(spec("fast"), B)) {
        assertThat(third.count()).isZero();
      }
    }
  }

  @Test
  void poolsAreOpenedAllOrNone() {
    init(PoolKind.LOCAL);
    PoolSpec missing =
        new PoolSpec(new PoolName("slow"), temporary.resolve("none"), Long.MAX_VALUE, 1);
    assertRefused(Reason.INVALID, () -> Pools.open(List.of(spec("fast"), missing), A, 0));
    Pools.open(List.of(spec("fast")), A, 0).close();
  }

  @Test
  void noPoolIsNamedTwice() {
    init(PoolKind.LOCAL);
    assertRefused(Reason.INVALID, () -> Pools.open(List.of(spec("fast"), spec("fast")), A, 0))
        .contains("twice");
  }

  @Test
  void ofSeveralPoolsTheOneNamedDefaultIsMeant() {
    PoolSpec fallback = new PoolSpec(PoolFixture.POOL, temporary.resolve("default"), 64L << 20, 1);
    PoolSpec slow = new PoolSpec(new PoolName("slow"), temporary.resolve("slow"), 32L << 20, 1);
    init(PoolKind.LOCAL);
    PoolDirectory.init(fallback.name(), fallback.directory(), PoolKind.LOCAL);
    PoolDirectory.init(slow.name(), slow.directory(), PoolKind.LOCAL);
    try (Pools pools = Pools.open(List.of(slow, fallback), A, 0)) {
      PoolVolumes volumes = new PoolVolumes(() -> pools, new HoldableHost());
      assertThat(volumes.create(Asked.block("a").build()).pool()).isEqualTo(fallback.name());
      assertThat(volumes.create(Asked.block("b").pool("slow").build()).pool())
          .isEqualTo(slow.name());
      assertThat(volumes.list(Optional.empty(), 10)).hasSize(2);
      assertThat(volumes.capacity(Optional.empty(), Optional.empty()))
          .isEqualTo(new Capacity(64L << 20, 48L << 20));
    }
    try (Pools pools = Pools.open(List.of(slow, spec("fast")), A, 0)) {
      PoolVolumes volumes = new PoolVolumes(() -> pools, new HoldableHost());
      assertRefused(Reason.INVALID, () -> volumes.create(Asked.block("c").build()))
          .contains("fast", "slow");
    }
  }
}
