package dev.rockpool.storage;

import static dev.rockpool.storage.Failures.assertRefused;
import static org.assertj.core.api.Assertions.assertThat;

import dev.rockpool.storage.StorageException.Reason;
import dev.rockpool.storage.host.Command;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A shared pool that this process and another one have open, as two nodes. */
@Timeout(60)
final class SeveralNodesIT {
  private static final NodeId OURS = new NodeId("ours");
  private static final String THEIRS = "theirs";
  private static final AccessMode READERS = AccessMode.MULTI_NODE_READER_ONLY;
  private static final AccessMode ONE_NODE = AccessMode.SINGLE_NODE_WRITER;
  private static PoolFilesystem filesystem;
  private static OtherNode other;

  private PoolSpec spec;
  private Pools pools;
  private final HoldableHost host = new HoldableHost();
  private PoolVolumes volumes;

  @BeforeAll
  static void mount(@TempDir Path directory) throws IOException {
    filesystem = PoolFilesystem.xfs(directory);
    other = new OtherNode();
  }

  @AfterAll
  static void unmount() throws IOException {
    other.close();
    filesystem.close();
  }

  @BeforeEach
  void open() throws IOException {
    spec = new PoolSpec(PoolFixture.POOL, filesystem.newDirectory(), Long.MAX_VALUE, 1);
    PoolDirectory.init(spec.name(), spec.directory(), PoolKind.SHARED);
    pools = Pools.open(List.of(spec), OURS, 0);
    volumes = new PoolVolumes(() -> pools, host);
    if (!other.running()) {
      other = new OtherNode();
    }
    assertThat(other.tell("open", spec.directory(), THEIRS)).isEqualTo("ok");
  }

  @AfterEach
  void close() {
    pools.close();
  }

  private Pool pool() {
    return pools.all().getFirst();
  }

  private Volume create(String name) {
    return volumes.create(Asked.filesystem(name, FsType.EXT4).build());
  }

  private Volume attach(VolumeId id, AccessMode mode, Access access) {
    return volumes.attach(id, new Attachment(OURS, mode, access));
  }

  @Test
  void eachNodeSeesWhatTheOtherDoes() {
    Volume made = create("a");
    assertThat(other.tell("find", "a")).isEqualTo(Optional.of(made).toString());
    assertThat(other.tell("create", "a")).isEqualTo(made.toString());
    String theirs = other.tell("create", "b");
    assertThat(create("b")).hasToString(theirs);
    assertThat(volumes.list(Optional.empty(), 10)).hasSize(2);
    assertThat(other.tell("delete", "a")).isEqualTo("ok");
    assertThat(volumes.find(made.id())).isEmpty();
    assertThat(volumes.list(Optional.empty(), 10)).hasSize(1);
    assertThat(pool().promisedBytes()).isEqualTo(16 << 20);
  }

  @Test
  void theRuleHoldsBetweenThem() {
    VolumeId id = create("a").id();
    attach(id, ONE_NODE, Access.READ_WRITE);
    assertThat(other.tell("attach", "a", THEIRS, ONE_NODE, Access.READ_WRITE))
        .startsWith("PRECONDITION")
        .contains("\"ours\"");
    assertThat(other.tell("attach", "a", THEIRS, READERS, Access.READ_ONLY))
        .startsWith("PRECONDITION");
    assertThat(other.tell("delete", "a")).startsWith("PRECONDITION");
    volumes.detach(id, Optional.of(OURS));
    assertThat(other.tell("attach", "a", THEIRS, ONE_NODE, Access.READ_WRITE)).startsWith("Volume");
    assertRefused(Reason.PRECONDITION, () -> attach(id, READERS, Access.READ_ONLY))
        .contains("\"theirs\"");
    assertThat(other.tell("detach", "a")).isEqualTo("ok");
    attach(id, READERS, Access.READ_ONLY);
    assertThat(other.tell("attach", "a", THEIRS, READERS, Access.READ_ONLY)).startsWith("Volume");
  }

  @Test
  void eachNodeAttachesForTheOther() {
    VolumeId id = create("a").id();
    assertThat(other.tell("attach", "a", OURS, ONE_NODE, Access.READ_WRITE)).startsWith("Volume");
    assertThat(attach(id, ONE_NODE, Access.READ_WRITE).record().attachments()).hasSize(1);
  }

  @Test
  void whatTheOtherAttachedCountsAmongTheVolumesOfANode() {
    try (Pools limited = Pools.open(List.of(spec), new NodeId("limited"), 1)) {
      PoolVolumes few = new PoolVolumes(() -> limited, host);
      VolumeId id = create("a").id();
      create("b");
      assertThat(few.list(Optional.empty(), 10)).hasSize(2);
      assertThat(other.tell("attach", "b", "limited", ONE_NODE, Access.READ_WRITE))
          .startsWith("Volume");
      Attachment asked = new Attachment(new NodeId("limited"), ONE_NODE, Access.READ_WRITE);
      assertRefused(Reason.EXHAUSTED, () -> few.attach(id, asked));
    }
  }

  @Test
  void ofManyAttachesAtOnceOneIsGranted(@TempDir Path directory) throws Exception {
    VolumeId id = create("a").id();
    Path marker = directory.resolve("marker");
    CompletableFuture<String> theirs =
        other.tellMeanwhile("contend", "a", THEIRS, ONE_NODE, Access.READ_WRITE, marker);
    Attachment asked = new Attachment(OURS, ONE_NODE, Access.READ_WRITE);
    int ours = OtherProcess.contend(volumes, id, asked, marker, 200);
    assertThat(Integer.parseInt(theirs.get()) + ours).isPositive();
    assertThat(volumes.find(id).orElseThrow().record().attachments()).isEmpty();
  }

  @Test
  void aVolumeInUseIsLockedWhateverItsRecordSays() throws Exception {
    Volume made = create("a");
    try (var _ = pool().use(made.record(), Access.READ_WRITE).orElseThrow()) {
      assertThat(other.tell("use", "a", Access.READ_WRITE)).isEqualTo("no");
      assertThat(other.tell("use", "a", Access.READ_ONLY)).isEqualTo("no");
      assertThat(other.tell("delete", "a")).startsWith("PRECONDITION").contains("still in use");
    }
    try (var _ = pool().use(made.record(), Access.READ_ONLY).orElseThrow()) {
      assertThat(other.tell("use", "a", Access.READ_WRITE)).isEqualTo("no");
      assertThat(other.tell("use", "a", Access.READ_ONLY)).isEqualTo("yes");
    }
    assertThat(pool().use(made.record(), Access.READ_WRITE)).isEmpty();
    assertRefused(Reason.PRECONDITION, () -> volumes.delete(made.id()));
    other.kill();
    volumes.delete(made.id());
  }

  @Test
  void aNodeIsOneProcess() {
    assertThat(other.tell("open", spec.directory(), OURS))
        .startsWith("PRECONDITION")
        .contains("\"ours\"")
        .contains("--node-id");
    assertRefused(Reason.PRECONDITION, () -> Pool.open(spec, new NodeId(THEIRS), 0));
    other.kill();
    Pool.open(spec, new NodeId(THEIRS), 0).close();
  }

  @Test
  void aVolumeIsMadeOnceHoweverManyNodesAreAsked() throws Exception {
    for (int i = 0; i < 15; i++) {
      String name = "a" + i;
      CompletableFuture<String> theirs = other.tellMeanwhile("createUntilMade", name);
      Volume ours = OtherProcess.createUntilMade(volumes, name);
      assertThat(theirs.get()).isEqualTo(ours.toString());
      host.run(Command.of("e2fsck", "-f", "-n", "" + pool().image(ours.id())));
    }
  }

  @Test
  void aVolumeThatOneNodeMakesIsLeftAloneByTheOther() throws Exception {
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
        HoldableHost.Hold mkfs = host.hold("mkfs.ext4")) {
      Future<Volume> slow = threads.submit(() -> create("a"));
      mkfs.awaitReached();
      Object image = fileKey(unfinished(VolumeId.parse("a")));
      assertThat(other.tell("create", "a")).startsWith("BUSY");
      assertThat(other.tell("delete", "a")).startsWith("BUSY");
      assertThat(fileKey(unfinished(VolumeId.parse("a")))).isEqualTo(image);
      assertThat(other.tell("find", "a")).isEqualTo("Optional.empty");
      mkfs.release();
      Volume made = slow.get();
      assertThat(fileKey(pool().image(made.id()))).isEqualTo(image);
      assertThat(other.tell("create", "a")).isEqualTo(made.toString());
    }
  }

  @Test
  void createsAndDeletesAtOnceLeaveNothing() throws Exception {
    CompletableFuture<String> theirs = other.tellMeanwhile("churn", "a");
    OtherProcess.churn(volumes, "a", 100);
    assertThat(theirs.get()).isEqualTo("ok");
    volumes.delete(VolumeId.parse("a"));
    assertThat(pool().layout().volumes()).isEmptyDirectory();
    assertThat(volumes.list(Optional.empty(), 10)).isEmpty();
    assertThat(pool().promisedBytes()).isZero();
  }

  private static Object fileKey(Path file) throws IOException {
    return Files.getAttribute(file, "unix:ino");
  }

  /** The one image that is being made. */
  private Path unfinished(VolumeId id) throws IOException {
    try (Stream<Path> files = Files.list(pool().layout().directory(id))) {
      List<Path> images =
          files.filter(file -> Attempt.isOne(file.getFileName().toString())).toList();
      assertThat(images).hasSize(1);
      return images.getFirst();
    }
  }

  /** Its maker's retry, or the next one who asks, goes on with it. */
  @Test
  void aVolumeWhoseMakerDiedIsMadeByTheOther() throws IOException {
    assertThat(other.tell("create", "a")).startsWith("Volume");
    VolumeId id = VolumeId.parse("a");
    VolumeRecord record = volumes.find(id).orElseThrow().record();
    other.kill();
    AtomicFiles.replace(
        pool().layout().directory(id).resolve("volume.json"),
        Json.bytes(record.withState(VolumeRecord.State.CREATING)));
    assertThat(create("a").record().state()).isEqualTo(VolumeRecord.State.READY);
  }

  @Test
  void whatTheOtherPromisedIsNotPromisedAgain() {
    long most = 40 << 20;
    PoolSpec limited = new PoolSpec(PoolFixture.POOL, spec.directory(), most, 1);
    try (Pools third = Pools.open(List.of(limited), new NodeId("third"), 0)) {
      PoolVolumes few = new PoolVolumes(() -> third, host);
      assertThat(other.tell("create", "a")).startsWith("Volume");
      assertThat(other.tell("create", "b")).startsWith("Volume");
      assertThat(few.capacity(Optional.empty(), Optional.empty()).availableBytes())
          .isEqualTo(8 << 20);
      assertRefused(Reason.EXHAUSTED, () -> few.create(Asked.block("c").build()));
    }
  }
}
