package dev.rockpool.storage;

import static dev.rockpool.storage.Failures.assertRefused;
import static org.assertj.core.api.Assertions.assertThat;

import dev.rockpool.storage.StorageException.Reason;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A record that this release can't read: the volume is served to nobody, and nothing is lost. */
@Timeout(60)
final class UnreadableRecordIT {
  private static final VolumeId ID = VolumeId.parse("a");

  @TempDir private Path directory;
  private PoolFixture pool;
  private Volume other;
  private String readable;

  @BeforeEach
  void makeVolumes() throws IOException {
    pool = PoolFixture.local(directory.resolve("pool"));
    pool.create(Asked.block("a"));
    other = pool.create(Asked.block("b"));
    readable = Files.readString(pool.layout().directory(ID).resolve("volume.json"));
  }

  @AfterEach
  void close() {
    pool.close();
  }

  private Path record() {
    return pool.layout().directory(ID).resolve("volume.json");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "{", "[]", "{\"formatVersion\" : 1}", "{\"formatVersion\" : 2}"})
  void isRefusedAndNotOverwritten(String text) throws IOException {
    Files.writeString(record(), text);
    assertRefusedEverywhere();
    pool.restart();
    assertRefusedEverywhere();
    assertThat(record()).hasContent(text);
    assertThat(pool.layout().image(ID)).exists();
    assertThat(pool.opened().volumes().unreadable()).containsOnlyKeys("a");
  }

  private void assertRefusedEverywhere() {
    Attachment asked =
        new Attachment(pool.nodes().getFirst(), AccessMode.SINGLE_NODE_WRITER, Access.READ_WRITE);
    PoolVolumes volumes = pool.volumes();
    assertRefused(Reason.FAILED, () -> volumes.find(ID)).contains("\"a\"");
    assertRefused(Reason.FAILED, () -> pool.create(Asked.block("a")));
    assertRefused(Reason.FAILED, () -> volumes.delete(ID));
    assertRefused(Reason.FAILED, () -> volumes.attach(ID, asked));
    assertRefused(Reason.FAILED, () -> volumes.detach(ID, Optional.empty()));
    assertRefused(Reason.FAILED, () -> volumes.expand(ID, new SizeRange(32 << 20, 0)));
    assertThat(volumes.find(other.id())).contains(other);
    assertThat(volumes.create(Asked.block("b").build())).isEqualTo(other);
  }

  @Test
  void aNewerReleasesRecordTellsItsVersion() throws IOException {
    Files.writeString(record(), readable.replace("\"formatVersion\" : 1", "\"formatVersion\" : 7"));
    assertRefused(Reason.FAILED, () -> pool.volumes().find(ID))
        .contains("formatVersion 7")
        .contains("reads 1");
  }

  @Test
  void otherVolumesAreListedAndMade() throws IOException {
    Files.writeString(record(), "{");
    pool.restart();
    assertThat(pool.ids()).containsExactly("b");
    pool.create(Asked.block("c"));
    pool.volumes().delete(other.id());
    assertThat(pool.ids()).containsExactly("c");
  }

  @Test
  void aRepairedRecordIsServedWithoutARestart() throws IOException {
    Files.writeString(record(), "{");
    pool.restart();
    assertRefused(Reason.FAILED, () -> pool.volumes().find(ID));
    Files.writeString(record(), readable);
    assertThat(pool.volumes().find(ID)).isPresent();
    assertThat(pool.ids()).containsExactly("a", "b");
    assertThat(pool.opened().volumes().unreadable()).isEmpty();
  }

  @Test
  void theRecordOfAnotherVolumeIsRefused() throws IOException {
    Files.copy(
        pool.layout().directory(other.id()).resolve("volume.json"),
        record(),
        StandardCopyOption.REPLACE_EXISTING);
    assertRefused(Reason.FAILED, () -> pool.volumes().find(ID)).contains("\"b\"");
  }
}
