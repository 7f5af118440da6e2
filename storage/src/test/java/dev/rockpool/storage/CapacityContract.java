package dev.rockpool.storage;

import static dev.rockpool.storage.Asked.MIB;
import static org.assertj.core.api.Assertions.assertThat;

import dev.rockpool.storage.StorageException.Reason;
import dev.rockpool.storage.VolumesFixture.Setup;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** {@link Volumes#capacity}, and that no call promises more. */
interface CapacityContract extends ContractChapter {
  @Test
  default void anEmptyPoolCanPromiseItsLimit() throws Exception {
    openWith(new Setup(100 * MIB, 1, 0));
    Capacity all = new Capacity(100 * MIB, 100 * MIB);
    assertThat(volumes().capacity(Optional.empty(), Optional.empty())).isEqualTo(all);
    assertThat(volumes().capacity(Optional.of(fixture().pool()), Optional.of(fixture().place())))
        .isEqualTo(all);
  }

  @Test
  default void overcommitmentMultipliesTheLimit() throws Exception {
    openWith(new Setup(100 * MIB, 2.5, 0));
    assertThat(available()).isEqualTo(250 * MIB);
    create(Asked.block("a").size(200 * MIB));
    assertThat(available()).isEqualTo(50 * MIB);
  }

  @Test
  default void nothingCanBePromisedElsewhere() {
    Capacity none = new Capacity(0, 0);
    Topology elsewhere = Topology.ofNode(new NodeId("elsewhere"));
    assertThat(volumes().capacity(Optional.empty(), Optional.of(elsewhere))).isEqualTo(none);
    assertThat(volumes().capacity(Optional.of(new PoolName("none")), Optional.empty()))
        .isEqualTo(none);
  }

  @ParameterizedTest
  @EnumSource(Allocation.class)
  default void aVolumeTakesWhatItWasPromised(Allocation allocation) throws Exception {
    openWith(new Setup(100 * MIB, 1, 0));
    Asked asked = Asked.filesystem("a", FsType.EXT4).size(20 * MIB);
    create(allocation == Allocation.THICK ? asked.thick() : asked);
    assertThat(available()).isEqualTo(80 * MIB);
    volumes().expand(VolumeId.parse("a"), new SizeRange(30 * MIB, 0));
    assertThat(available()).isEqualTo(70 * MIB);
    create(Asked.block("b").size(70 * MIB));
    assertThat(available()).isZero();
    volumes().delete(VolumeId.parse("a"));
    assertThat(available()).isEqualTo(30 * MIB);
    volumes().delete(VolumeId.parse("b"));
    assertThat(available()).isEqualTo(100 * MIB);
  }

  @Test
  default void holdersTakeNoCapacity() {
    VolumeId id = create(Asked.block("a")).id();
    long before = available();
    attach(id, node(), AccessMode.SINGLE_NODE_MULTI_WRITER, Access.READ_WRITE);
    volumes().detach(id, Optional.empty());
    assertThat(available()).isEqualTo(before);
  }

  @Test
  default void createsAtOnceArePromisedNoByteTwice() throws Exception {
    openWith(new Setup(100 * MIB, 1, 0));
    long made =
        countOf(
            IntStream.range(0, 16)
                .<Callable<Volume>>mapToObj(i -> () -> create(Asked.block("a" + i).size(20 * MIB)))
                .toList());
    assertThat(made).isBetween(1L, 5L);
    assertThat(ids()).hasSize((int) made);
    assertThat(available()).isEqualTo((5 - made) * 20 * MIB);
  }

  @Test
  default void expansionsAtOnceArePromisedNoByteTwice() throws Exception {
    openWith(new Setup(100 * MIB, 1, 0));
    List<VolumeId> ids =
        IntStream.range(0, 8)
            .mapToObj(i -> create(Asked.block("a" + i).size(5 * MIB)).id())
            .toList();
    SizeRange larger = new SizeRange(25 * MIB, 0);
    long grown =
        countOf(
            ids.stream().<Callable<Volume>>map(id -> () -> volumes().expand(id, larger)).toList());
    assertThat(grown).isBetween(1L, 3L);
    assertThat(available()).isEqualTo((3 - grown) * 20 * MIB);
  }

  /** How many of the calls were not refused for want of space. */
  private static long countOf(List<Callable<Volume>> calls) throws Exception {
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<Boolean>> results =
          threads.invokeAll(calls.stream().map(CapacityContract::succeeds).toList());
      long count = 0;
      for (Future<Boolean> result : results) {
        count += result.get() ? 1 : 0;
      }
      return count;
    }
  }

  private static Callable<Boolean> succeeds(Callable<Volume> call) {
    return () -> {
      try {
        call.call();
        return true;
      } catch (StorageException e) {
        assertThat(e.reason()).isEqualTo(Reason.EXHAUSTED);
        return false;
      }
    };
  }
}
