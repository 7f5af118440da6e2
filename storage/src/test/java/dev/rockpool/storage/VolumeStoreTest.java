package dev.rockpool.storage;

import static dev.rockpool.storage.Failures.assertRefused;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import dev.rockpool.storage.StorageException.Reason;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The records and what is remembered of them, while files change under it. */
@Timeout(60)
final class VolumeStoreTest {
  private static final long SIZE = 16 << 20;
  private static final Attachment HELD =
      new Attachment(new NodeId("node-a"), AccessMode.SINGLE_NODE_WRITER, Access.READ_WRITE);

  @TempDir(factory = InMemory.class)
  private Path directory;

  private PoolLayout layout;
  private VolumeStore store;

  @BeforeEach
  void makeStore() throws IOException {
    layout = new PoolLayout(directory);
    Files.createDirectory(layout.volumes());
    store = new VolumeStore(layout, () -> true);
  }

  private VolumeRecord create(String name) throws IOException {
    VolumeRecord record =
        VolumeRecordTest.record(name, Contents.BLOCK, AccessMode.SINGLE_NODE_WRITER);
    Files.createDirectory(layout.directory(record.id()));
    store.create(record);
    return record;
  }

  private List<String> known() {
    return store.after(Optional.empty()).map(record -> record.id().value()).toList();
  }

  @Test
  void whatWasWrittenIsFoundAndCounted() throws IOException {
    VolumeRecord record = create("a");
    assertThat(store.find(record.id())).contains(record);
    assertThat(store.promisedBytes()).isEqualTo(SIZE);
    store.update(record.id(), now -> now.withAttachments(List.of(HELD)));
    assertThat(store.attachmentsOf(HELD.node())).isEqualTo(1);
    store.update(record.id(), now -> now.withAttachments(List.of()).withCapacity(SIZE + 1, true));
    assertThat(store.attachmentsOf(HELD.node())).isZero();
    assertThat(store.promisedBytes()).isEqualTo(SIZE + 1);
    store.remove(record.id());
    assertThat(store.find(record.id())).isEmpty();
    assertThat(store.promisedBytes()).isZero();
    assertThat(layout.directory(record.id())).doesNotExist();
  }

  @Test
  void aRecordIsNotWrittenOverAnother() throws IOException {
    VolumeRecord record = create("a");
    VolumeStore other = new VolumeStore(layout, () -> true);
    assertRefused(Reason.BUSY, () -> other.create(record.withCapacity(1, true)));
    assertThat(new VolumeStore(layout, () -> true).find(record.id())).contains(record);
  }

  @Test
  void whatAnotherProcessWroteIsFound() throws IOException {
    VolumeRecord record = create("a");
    VolumeStore other = new VolumeStore(layout, () -> true);
    other.update(record.id(), now -> now.withAttachments(List.of(HELD)));
    assertThat(store.find(record.id()).orElseThrow().attachments()).containsExactly(HELD);
    other.remove(record.id());
    assertThat(store.find(record.id())).isEmpty();
    assertThat(store.promisedBytes()).isZero();
    assertThat(store.attachmentsOf(HELD.node())).isZero();
  }

  /** A network filesystem tells a file's inode and time from a cache for some seconds. */
  @Test
  void aChangeIsMadeToWhatTheFileSaysAndNotToWhatIsRemembered() throws IOException {
    VolumeRecord record = create("a");
    Path file = store.kind().record(record.id());
    FileTime modified = Files.getLastModifiedTime(file);
    Files.write(file, Json.bytes(record.withAttachments(List.of(HELD))));
    Files.setLastModifiedTime(file, modified);
    VolumeRecord changed = store.update(record.id(), now -> now.withCapacity(SIZE * 2, true));
    assertThat(changed.attachments()).containsExactly(HELD);
  }

  @Test
  void anUpdateThatChangesNothingWritesNothing() throws IOException {
    VolumeRecord record = create("a");
    FileTime modified = Files.getLastModifiedTime(store.kind().record(record.id()));
    store.update(record.id(), now -> now);
    assertThat(Files.getLastModifiedTime(store.kind().record(record.id()))).isEqualTo(modified);
  }

  @Test
  void whatDoesNotExistIsNotUpdated() throws IOException {
    assertRefused(Reason.NOT_FOUND, () -> store.update(VolumeId.parse("none"), now -> now));
    Files.createDirectory(layout.directory(VolumeId.parse("empty")));
    assertRefused(Reason.NOT_FOUND, () -> store.update(VolumeId.parse("empty"), now -> now));
  }

  @Test
  void aRefreshReadsAllRecordsAndKeepsStrangersApart() throws IOException {
    create("a");
    create("b");
    Files.createDirectory(layout.volumes().resolve("Not An Id"));
    Files.createDirectory(layout.volumes().resolve("without-record"));
    Files.createDirectory(layout.volumes().resolve("corrupt"));
    Files.writeString(store.kind().record(VolumeId.parse("corrupt")), "{");
    Files.createDirectory(layout.volumes().resolve("moved"));
    Files.copy(
        store.kind().record(VolumeId.parse("a")), store.kind().record(VolumeId.parse("moved")));
    VolumeStore fresh = new VolumeStore(layout, () -> true);
    fresh.refresh();
    assertThat(fresh.after(Optional.empty()).map(record -> record.id().value()))
        .containsExactly("a", "b");
    assertThat(fresh.promisedBytes()).isEqualTo(2 * SIZE);
    assertThat(fresh.unreadable()).containsOnlyKeys("Not An Id", "corrupt", "moved");
    assertThat(fresh.unreadable().get("moved")).contains("\"a\"");
    AtomicFiles.deleteTree(layout.volumes().resolve("moved"));
    AtomicFiles.deleteTree(layout.volumes().resolve("b"));
    fresh.refresh();
    assertThat(fresh.unreadable()).containsOnlyKeys("Not An Id", "corrupt");
    assertThat(fresh.count()).isEqualTo(1);
  }

  @Test
  void aSymlinkIsNotFollowedToSomebodyElsesRecord() throws IOException {
    create("a");
    Files.createSymbolicLink(layout.volumes().resolve("b"), layout.volumes().resolve("a"));
    assertRefused(Reason.FAILED, () -> store.find(VolumeId.parse("b")));
  }

  @Test
  void readersDontBringBackWhatIsRemoved() throws Exception {
    VolumeId id = VolumeId.parse("a");
    try (var _ = new Repeating(() -> store.find(id));
        var _ = new Repeating(() -> store.find(id))) {
      for (int i = 0; i < 300; i++) {
        create("a");
        store.update(id, now -> now.withAttachments(List.of(HELD)));
        store.remove(id);
      }
    }
    assertThat(known()).isEmpty();
    assertThat(store.promisedBytes()).isZero();
    assertThat(store.attachmentsOf(HELD.node())).isZero();
  }

  @Test
  void readersDontBringBackWhatIsChanged() throws Exception {
    VolumeId id = create("a").id();
    try (var _ = new Repeating(() -> store.find(id));
        var _ = new Repeating(() -> store.find(id))) {
      for (int i = 1; i <= 300; i++) {
        long bytes = SIZE + i;
        store.update(id, now -> now.withCapacity(bytes, true));
      }
    }
    assertThat(store.promisedBytes()).isEqualTo(SIZE + 300);
  }

  @Test
  void aRefreshForgetsNothingThatIsBeingCreated() throws Exception {
    try (var _ =
        new Repeating(() -> {
          store.refresh();
          return "";
        })) {
      for (int i = 0; i < 200; i++) {
        String name = "a-" + i;
        create(name);
        assertThat(known()).contains(name);
      }
    }
    assertThat(store.promisedBytes()).isEqualTo(200 * SIZE);
  }

  @Test
  void aRefreshOfManyRecordsIsQuick() throws IOException {
    byte[] template = Json.bytes(VolumeRecordTest.record("id", Contents.BLOCK));
    String text = new String(template, StandardCharsets.UTF_8);
    for (int i = 0; i < 5_000; i++) {
      Path volume = Files.createDirectory(layout.volumes().resolve("id" + i));
      Files.writeString(
          volume.resolve("volume.json"),
          text.replace("\"id\" : \"id\"", "\"id\" : \"id" + i + "\""));
    }
    store.refresh();
    assertThat(store.count()).isEqualTo(5_000);
    assertTimeoutPreemptively(Duration.ofSeconds(1), () -> store.refresh());
  }
}
