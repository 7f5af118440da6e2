package dev.rockpool.storage;

import static dev.rockpool.storage.Asked.MIB;
import static dev.rockpool.storage.Failures.assertRefused;
import static org.assertj.core.api.Assertions.assertThat;

import dev.rockpool.storage.StorageException.Reason;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** {@link Volumes#delete}. */
interface DeleteContract extends ContractChapter {
  @Test
  default void aDeletedVolumeIsGone() {
    long before = available();
    VolumeId id = create(Asked.filesystem("a")).id();
    volumes().delete(id);
    assertThat(volumes().find(id)).isEmpty();
    assertThat(ids()).isEmpty();
    assertThat(available()).isEqualTo(before);
  }

  @Test
  default void deletingAgainIsDoneAlready() {
    VolumeId id = create(Asked.block("a")).id();
    volumes().delete(id);
    volumes().delete(id);
    volumes().delete(VolumeId.parse("never-was"));
  }

  @Test
  default void aDeletedVolumesNameIsFree() {
    VolumeId id = create(Asked.block("a").size(16 * MIB)).id();
    volumes().delete(id);
    Volume other = create(Asked.filesystem("a", FsType.EXT4).size(20 * MIB));
    assertThat(other.record().contents()).isEqualTo(Contents.EXT4);
    assertThat(volumes().find(id)).contains(other);
  }

  @Test
  default void aVolumeWithAHolderStays() {
    VolumeId id = create(Asked.block("a")).id();
    Volume held = attach(id, node(), AccessMode.SINGLE_NODE_MULTI_WRITER, Access.READ_WRITE);
    assertRefused(Reason.PRECONDITION, () -> volumes().delete(id)).contains(node().value());
    assertThat(volumes().find(id)).contains(held);
    volumes().detach(id, Optional.of(node()));
    volumes().delete(id);
    assertThat(volumes().find(id)).isEmpty();
  }

  @ParameterizedTest
  @EnumSource(Access.class)
  default void aVolumeThatANodeStillUsesStays(Access access) throws Exception {
    Volume made = create(Asked.block("a"));
    try (var _ = fixture().use(made.id(), access)) {
      assertRefused(Reason.PRECONDITION, () -> volumes().delete(made.id())).contains("\"a\"");
      assertThat(volumes().find(made.id())).contains(made);
      assertThat(create(Asked.block("a"))).isEqualTo(made);
    }
    volumes().delete(made.id());
    assertThat(volumes().find(made.id())).isEmpty();
  }

  @Test
  default void otherVolumesStay() {
    VolumeId gone = create(Asked.block("a")).id();
    Volume stays = create(Asked.block("a-1"));
    volumes().delete(gone);
    assertThat(volumes().list(Optional.empty(), 10)).containsExactly(stays);
  }
}
