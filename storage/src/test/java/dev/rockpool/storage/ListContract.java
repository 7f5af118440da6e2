package dev.rockpool.storage;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** {@link Volumes#find} and {@link Volumes#list}. */
interface ListContract extends ContractChapter {
  @Test
  default void whatDoesNotExistIsNotFound() {
    assertThat(volumes().find(VolumeId.parse("never-was"))).isEmpty();
    assertThat(volumes().list(Optional.empty(), 10)).isEmpty();
  }

  @Test
  default void volumesAreListedInTheOrderOfTheirIds() {
    Stream.of("b", "a-1", "a", "c", "0", "Odd").forEach(name -> create(Asked.block(name)));
    assertThat(ids()).isSorted().hasSize(6);
    assertThat(ids().subList(0, 5)).extracting(VolumeId::value).startsWith("0", "a", "a-1", "b");
  }

  @Test
  default void pagesHoldEachVolumeOnce() {
    List<VolumeId> made =
        Stream.of("e", "d", "c", "b", "a").map(name -> create(Asked.block(name)).id()).toList();
    List<VolumeId> paged = new ArrayList<>();
    Optional<VolumeId> after = Optional.empty();
    List<Volume> page = volumes().list(after, 2);
    while (!page.isEmpty()) {
      assertThat(page).hasSizeLessThanOrEqualTo(2);
      page.forEach(volume -> paged.add(volume.id()));
      after = Optional.of(paged.getLast());
      page = volumes().list(after, 2);
    }
    assertThat(paged).containsExactlyElementsOf(made.reversed());
  }

  @Test
  default void aPageBeginsAfterAVolumeThatIsGone() {
    Stream.of("a", "b", "c").forEach(name -> create(Asked.block(name)));
    volumes().delete(VolumeId.parse("b"));
    assertThat(volumes().list(Optional.of(VolumeId.parse("b")), 10))
        .extracting(volume -> volume.id().value())
        .containsExactly("c");
    assertThat(volumes().list(Optional.of(VolumeId.parse("c")), 10)).isEmpty();
  }

  @Test
  default void aListingTellsWhatFindTells() {
    VolumeId id = create(Asked.block("a")).id();
    attach(id, node(), AccessMode.SINGLE_NODE_MULTI_WRITER, Access.READ_WRITE);
    volumes().expand(id, new SizeRange(32 << 20, 0));
    assertThat(volumes().list(Optional.empty(), 10))
        .containsExactly(volumes().find(id).orElseThrow());
  }
}
