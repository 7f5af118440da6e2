package dev.rockpool.storage;

import static dev.rockpool.storage.CheckedPool.BEFORE;
import static dev.rockpool.storage.CheckedPool.BYTES;
import static dev.rockpool.storage.CheckedPool.DATA;
import static dev.rockpool.storage.CheckedPool.NODE;
import static dev.rockpool.storage.CheckedPool.RAW;
import static dev.rockpool.storage.CheckedPool.TREE;
import static dev.rockpool.storage.Failures.assertRefused;
import static org.assertj.core.api.Assertions.assertThat;

import dev.rockpool.storage.StorageException.Reason;
import dev.rockpool.storage.host.LoopDevice;
import dev.rockpool.storage.host.LoopDevices;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Each kind of damage to a pool that nobody has open: found as what it is, and nothing else is. */
@Timeout(120)
final class PoolCheckIT {
  @TempDir private static Path directory;
  private static PoolFilesystem filesystem;

  private CheckedPool pool;

  @BeforeAll
  static void makeFilesystem() throws IOException {
    filesystem = PoolFilesystem.xfs(directory);
  }

  @AfterAll
  static void removeFilesystem() throws IOException {
    filesystem.close();
  }

  @BeforeEach
  void fillAPool() throws IOException {
    pool = CheckedPool.full(filesystem.newDirectory(), PoolKind.SHARED);
  }

  @AfterEach
  void close() {
    pool.close();
  }

  /** Asserts that this is all that is found, and that the sentences tell these things. */
  private Finding assertFound(String id, String... words) {
    List<Finding> findings = pool.findings();
    assertThat(findings).extracting(Finding::id).containsExactly(id);
    Finding finding = findings.getFirst();
    for (String word : words) {
      assertThat(finding.problem() + "; " + finding.remedy()).contains(word);
    }
    return finding;
  }

  private void assertRepaired(String id, String... words) {
    assertThat(assertFound(id, words).repairable()).isTrue();
    PoolReport report = pool.repair();
    assertThat(report.mended()).extracting(done -> done.finding().id()).containsExactly(id);
    assertThat(report.mended().getFirst().done()).isNotEmpty();
    assertThat(report.left()).isEmpty();
    assertThat(pool.ids()).isEmpty();
  }

  /** Asserts that a repair leaves it alone, and that it goes when it is named. */
  private void assertGivenUp(String id, String... words) {
    assertThat(assertFound(id, words).repairable()).isFalse();
    assertThat(pool.repair().mended()).isEmpty();
    String place = id.substring(0, id.indexOf(':'));
    assertThat(pool.path(place)).exists();
    PoolReport report = pool.repair(id);
    assertThat(report.left()).isEmpty();
    assertThat(report.mended().getFirst().done()).contains("gave up");
    assertThat(pool.path(place)).doesNotExist();
    assertThat(pool.ids()).isEmpty();
  }

  @ParameterizedTest
  @EnumSource(PoolKind.class)
  void aHealthyPoolHasNoFindings(PoolKind kind) throws IOException {
    try (CheckedPool healthy = CheckedPool.full(filesystem.newDirectory(), kind)) {
      assertThat(healthy.ids()).isEmpty();
      PoolReport report = healthy.checker().check(healthy.spec);
      assertThat(report.volumes()).isEqualTo(kind == PoolKind.SHARED ? 3 : 2);
      assertThat(report.snapshots()).isEqualTo(3);
      assertThat(report.groups()).isEqualTo(1);
      assertThat(report.inUse()).isFalse();
      healthy.open();
      assertThat(healthy.checker().check(healthy.spec).inUse()).isTrue();
      assertThat(healthy.ids()).isEmpty();
    }
  }

  @Test
  void aNewPoolHasNoFindings() throws IOException {
    try (CheckedPool empty = CheckedPool.make(filesystem.newDirectory(), PoolKind.LOCAL)) {
      assertThat(empty.ids()).isEmpty();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "{", "[]", "{\"formatVersion\" : 1}"})
  void aRecordThatCantBeRead(String text) throws IOException {
    String before = Files.readString(pool.path("volumes/raw/volume.json"));
    Files.writeString(pool.path("volumes/raw/volume.json"), text);
    assertFound("volumes/raw: record-unreadable", "\"raw\"", "restore", "volume.json");
    assertThat(pool.repair().mended()).isEmpty();
    Files.writeString(pool.path("volumes/raw/volume.json"), before);
    assertThat(pool.ids()).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({
    "volumes/raw, volume.json",
    "snapshots/before, snapshot.json",
    "groups/both, group.json"
  })
  void aRecordOfAnotherRelease(String place, String record) throws IOException {
    pool.replace(place + "/" + record, "\"formatVersion\" : 1", "\"formatVersion\" : 7");
    assertFound(
        place + ": record-of-other-release", "formatVersion 7", "reads 1", "use the release");
    pool.replace(place + "/" + record, "\"formatVersion\" : 7", "\"formatVersion\" : 1");
    assertThat(pool.ids()).isEmpty();
  }

  @Test
  void aRecordThatIsLostForGood() throws IOException {
    Files.writeString(pool.path("snapshots/before/snapshot.json"), "{");
    assertGivenUp("snapshots/before: record-unreadable", "restore");
  }

  @Test
  void theRecordOfAnother() throws IOException {
    Files.move(pool.path("volumes/raw"), pool.path("volumes/other"));
    assertFound("volumes/other: record-of-another", "\"raw\"", "name that its record has");
    Files.move(pool.path("volumes/other"), pool.path("volumes/raw"));
    assertThat(pool.ids()).isEmpty();
  }

  @Test
  void aRecordThatCantBeTrue() throws IOException {
    pool.replace(
        "volumes/raw/volume.json", "\"capacityBytes\" : " + BYTES, "\"capacityBytes\" : -1");
    assertFound("volumes/raw: record-implausible", "capacityBytes -1", "restore");
  }

  @Test
  void aSnapshotsRecordThatCantBeTrue() {
    pool.changeSnapshot(BEFORE, record -> record.withPromised(record.sizeBytes() + 1));
    assertGivenUp("snapshots/before: record-implausible", "promisedBytes");
  }

  @Test
  void dataWithoutARecord() throws IOException {
    Files.delete(pool.path("volumes/raw/volume.json"));
    assertGivenUp("volumes/raw: data-without-record", "restore", "move the data away");
  }

  @Test
  void aDirectoryWithoutARecord() throws IOException {
    Path left = Files.createDirectory(pool.path("volumes/half"), AtomicFiles.OWNER_DIRECTORY);
    Files.createFile(left.resolve("use.lock"), AtomicFiles.OWNER_FILE);
    Files.createFile(left.resolve("grow.lock"), AtomicFiles.OWNER_FILE);
    Files.createFile(left.resolve("volume.json.tmp"), AtomicFiles.OWNER_FILE);
    Files.createDirectory(left.resolve("mnt"), AtomicFiles.OWNER_DIRECTORY);
    assertRepaired("volumes/half: directory-without-record", "cut short", "a repair removes it");
    assertThat(left).doesNotExist();
  }

  @Test
  void aDirectoryWithSomethingElseInItIsNotRemoved() throws IOException {
    Path left = Files.createDirectory(pool.path("snapshots/half"), AtomicFiles.OWNER_DIRECTORY);
    Files.writeString(left.resolve("notes"), "mine");
    assertThat(pool.ids())
        .containsExactlyInAnyOrder(
            "snapshots/half/notes: foreign", "snapshots/half: directory-without-record");
    assertThat(pool.repair().mended()).isEmpty();
    assertThat(left.resolve("notes")).hasContent("mine");
    Files.delete(left.resolve("notes"));
    assertRepaired("snapshots/half: directory-without-record");
  }

  @Test
  void anImageThatIsGone() throws IOException {
    Files.delete(pool.path("volumes/raw/disk.img"));
    assertGivenUp("volumes/raw: data-missing", "disk.img", "restore the file, of " + BYTES);
  }

  @Test
  void aTreeThatIsGone() throws IOException {
    Files.delete(pool.path("volumes/tree/data"));
    assertGivenUp("volumes/tree: data-missing", "restore the directory");
  }

  @Test
  void anImageThatIsNoFile() throws IOException {
    Files.delete(pool.path("volumes/raw/disk.img"));
    Files.createSymbolicLink(pool.path("volumes/raw/disk.img"), Path.of("/etc/hostname"));
    assertGivenUp("volumes/raw: data-damaged", "is no file");
    assertThat(Path.of("/etc/hostname")).exists();
  }

  @Test
  void anImageThatWasCutOff() throws IOException {
    truncate("snapshots/before/disk.img", BYTES / 2);
    assertGivenUp("snapshots/before: data-too-short", "its end is lost", "restore");
  }

  private void truncate(String place, long bytes) throws IOException {
    try (RandomAccessFile file = new RandomAccessFile(pool.path(place).toFile(), "rw")) {
      file.setLength(bytes);
    }
  }

  @Test
  void anExpansionThatWasCutShort() throws IOException {
    truncate("volumes/raw/disk.img", 2 * BYTES);
    assertFound(
        "volumes/raw: data-too-long", "ControllerExpandVolume with required_bytes " + 2 * BYTES);
    pool.open();
    pool.volumes().expand(RAW, new SizeRange(2 * BYTES, 0));
    pool.close();
    assertThat(pool.ids()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"volumes/data", "snapshots/before"})
  void aFilesystemThatIsOverwritten(String place) throws IOException {
    try (RandomAccessFile file =
        new RandomAccessFile(pool.path(place + "/disk.img").toFile(), "rw")) {
      file.write(new byte[64 << 10]);
    }
    assertFound(place + ": data-damaged", "holds no ext4", "nothing formats it again");
  }

  @Test
  void aCreateThatNobodyGoesOnWith() {
    pool.changeVolume(RAW, record -> record.withState(VolumeRecord.State.CREATING));
    assertFound(
        "volumes/raw: creating-interrupted",
        BYTES + " bytes stay promised",
        "repeat CreateVolume with the name \"raw\"");
    assertThat(pool.repair().mended()).isEmpty();
    pool.open();
    pool.volumes().create(Asked.block("raw").size(BYTES).build());
    pool.close();
    assertThat(pool.ids()).isEmpty();
  }

  @Test
  void aHalfMadeVolumeIsGivenUp() {
    pool.changeVolume(RAW, record -> record.withState(VolumeRecord.State.CREATING));
    assertGivenUp("volumes/raw: creating-interrupted", "or DeleteVolume");
  }

  @Test
  void aDeleteThatNobodyGoesOnWith() {
    pool.changeVolume(RAW, record -> record.withState(VolumeRecord.State.DELETING));
    assertRepaired("volumes/raw: deleting-interrupted", "stay promised", "a repair goes on");
    assertThat(pool.path("volumes/raw")).doesNotExist();
  }

  @Test
  void aDeleteOfASnapshotThatNobodyGoesOnWith() {
    pool.changeSnapshot(BEFORE, record -> record.withState(SnapshotRecord.State.DELETING));
    assertRepaired("snapshots/before: deleting-interrupted", "DeleteSnapshot");
    assertThat(pool.path("snapshots/before")).doesNotExist();
  }

  @Test
  void aSnapshotThatNobodyTakes() {
    pool.changeSnapshot(BEFORE, record -> record.withState(SnapshotRecord.State.CREATING));
    assertGivenUp(
        "snapshots/before: creating-interrupted", "repeat CreateSnapshot with the name \"before\"");
  }

  @Test
  void aCopyThatNobodyGoesOnWith() {
    pool.changeSnapshot(BEFORE, record -> record.withState(SnapshotRecord.State.COPYING));
    assertFound("snapshots/before: copying-interrupted", "start the driver", "\"data\"");
    pool.open();
    pool.snapshots().create("before", DATA);
    org.awaitility.Awaitility.await()
        .until(() -> pool.snapshots().find(BEFORE).orElseThrow().record().ready());
    pool.close();
    assertThat(pool.ids()).isEmpty();
  }

  @Test
  void aCopyOfWhatIsGone() throws IOException {
    pool.changeSnapshot(BEFORE, record -> record.withState(SnapshotRecord.State.COPYING));
    AtomicFiles.deleteTree(pool.path("volumes/data"));
    assertGivenUp("snapshots/before: copying-interrupted", "is gone");
  }

  @Test
  void aSnapshotWhoseSourceIsGoneIsFine() throws IOException {
    AtomicFiles.deleteTree(pool.path("volumes/data"));
    assertThat(pool.ids()).isEmpty();
  }

  @Test
  void aGroupThatIsGone() throws IOException {
    AtomicFiles.deleteTree(pool.path("groups/both"));
    assertThat(pool.findings())
        .hasSize(2)
        .allSatisfy(finding -> {
          assertThat(finding.id()).endsWith(": group-missing");
          assertThat(finding.problem()).contains("\"both\"");
          assertThat(finding.remedy()).contains("check all pools");
        });
    assertThat(pool.repair(pool.ids().toArray(String[]::new)).left()).isEmpty();
  }

  @Test
  void aMemberThatIsGone() throws IOException {
    SnapshotId member = pool.member();
    AtomicFiles.deleteTree(pool.path("snapshots/" + member));
    assertFound("groups/both: member-missing", member.value(), "DeleteVolumeGroupSnapshot");
    pool.open();
    pool.snapshots().deleteGroup(CheckedPool.GROUP);
    pool.close();
    assertThat(pool.ids()).isEmpty();
  }

  @Test
  void aGroupThatNobodyTakes() {
    pool.changeGroup(group -> group.withState(GroupRecord.State.CREATING, group.createdAt()));
    assertFound("groups/both: creating-interrupted", "repeat CreateVolumeGroupSnapshot");
  }

  @Test
  void aDeleteOfAGroupThatNobodyGoesOnWith() {
    pool.changeGroup(group -> group.withState(GroupRecord.State.DELETING, group.createdAt()));
    assertFound("groups/both: deleting-interrupted", "repeat DeleteVolumeGroupSnapshot");
    pool.open();
    pool.snapshots().deleteGroup(CheckedPool.GROUP);
    pool.close();
    assertThat(pool.ids()).isEmpty();
  }

  @Test
  void aHolderThatNeverOpenedThePool() throws IOException {
    pool.changeVolume(RAW, record -> record.withAttachments(List.of(holder("node-z"))));
    assertFound("volumes/raw: holder-unknown", "\"node-z\"", "ControllerUnpublishVolume");
  }

  private static Attachment holder(String node) {
    return new Attachment(NodeId.parse(node), AccessMode.SINGLE_NODE_WRITER, Access.READ_WRITE);
  }

  @Test
  void holdersThatExcludeEachOther() {
    Pools.open(List.of(pool.spec), NodeId.parse("node-b"), 0).close();
    pool.changeVolume(
        RAW, record -> record.withAttachments(List.of(holder("node-a"), holder("node-b"))));
    assertFound("volumes/raw: holders-conflict", "node-a as", "node-b as", "exclude each other");
    pool.open();
    pool.volumes().detach(RAW, java.util.Optional.of(NODE));
    pool.close();
    assertThat(pool.ids()).isEmpty();
  }

  @Test
  void aMountPointThatIsLeft() throws IOException {
    Files.createDirectory(pool.path("volumes/data/mnt"), AtomicFiles.OWNER_DIRECTORY);
    assertRepaired("volumes/data/mnt: mount-point", "left over");
    assertThat(pool.path("volumes/data/mnt")).doesNotExist();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "pool.json.tmp",
        "nodes/node-a.json.tmp",
        "volumes/raw/volume.json.tmp",
        "snapshots/before/snapshot.json.tmp",
        "groups/both/group.json.tmp"
      })
  void aWriteThatWasCutShort(String place) throws IOException {
    Files.createFile(pool.path(place), AtomicFiles.OWNER_FILE);
    assertRepaired(place + ": temporary-file", "cut short");
    assertThat(pool.path(place)).doesNotExist();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"notes", "nodes/notes", "volumes/notes", "volumes/raw/notes", "groups/both/notes"})
  void whatIsNoneOfThePools(String place) throws IOException {
    Files.writeString(pool.path(place), "mine");
    assertFound(place + ": foreign", "move it away");
    assertThat(pool.repair().mended()).isEmpty();
    assertThat(pool.path(place)).hasContent("mine");
    Files.delete(pool.path(place));
    assertThat(pool.ids()).isEmpty();
  }

  @Test
  void aDirectoryWhoseNameIsNoId() throws IOException {
    Files.createDirectory(pool.path("volumes/Old Data"));
    assertFound("volumes/Old Data: not-an-id", "is not a volume id", "move the directory away");
  }

  @ParameterizedTest
  @ValueSource(strings = {"volumes", "snapshots", "groups"})
  void apartThatIsGone(String part) throws IOException {
    try (CheckedPool empty = CheckedPool.make(filesystem.newDirectory(), PoolKind.LOCAL)) {
      Files.delete(empty.path(part));
      assertThat(empty.ids()).containsExactly(part + ": directory-missing");
      assertThat(empty.repair().left()).isEmpty();
      assertThat(empty.path(part)).isDirectory();
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "volumes",
        "volumes/raw",
        "volumes/raw/disk.img",
        "volumes/raw/volume.json",
        "snapshots/before/disk.img",
        "nodes/node-a.json",
        "pool.json"
      })
  void whatOthersMayUse(String place) throws IOException {
    Path path = pool.path(place);
    Files.setPosixFilePermissions(
        path, PosixFilePermissions.fromString(Files.isDirectory(path) ? "rwxr-xr-x" : "rw-r--r--"));
    assertRepaired(place + ": permissions", "chmod go= " + path);
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(path)))
        .endsWith("------");
  }

  @Test
  void anotherOwner() throws IOException {
    Files.setAttribute(pool.path("volumes/raw/disk.img"), "unix:uid", 12345);
    assertRepaired("volumes/raw/disk.img: owner", "user 12345", "chown 0");
    assertThat(Files.getAttribute(pool.path("volumes/raw/disk.img"), "unix:uid")).isEqualTo(0);
  }

  @Test
  void theRecordOfANode() throws IOException {
    Files.writeString(pool.path("nodes/node-a.json"), "{");
    assertFound("nodes/node-a.json: record-unreadable", "start the driver as that node");
    pool.open();
    pool.close();
    assertThat(pool.ids()).isEmpty();
  }

  @Test
  void theRecordOfAnotherNode() throws IOException {
    Files.copy(pool.path("nodes/node-a.json"), pool.path("nodes/node-b.json"));
    Files.setPosixFilePermissions(
        pool.path("nodes/node-b.json"), PosixFilePermissions.fromString("rw-------"));
    assertFound("nodes/node-b.json: record-of-another", "\"node-a\"");
  }

  @Test
  void morePromisedThanThereMayBe() {
    PoolSpec limited = PoolSpec.parse("default=" + pool.layout.root() + ",limit=1Mi");
    assertThat(pool.checker().check(limited).left())
        .singleElement()
        .satisfies(left -> {
          assertThat(left.finding().id()).isEqualTo("pool.json: promised-too-much");
          assertThat(left.finding().problem()).contains("may promise " + (1 << 20));
        });
  }

  @Test
  void aPoolThatCantBeCheckedIsNoFinding() throws IOException {
    assertRefused(
            Reason.INVALID,
            () -> pool.checker().check(PoolSpec.parse("other=" + pool.layout.root())))
        .contains("is the pool \"default\"");
    Files.writeString(pool.path("pool.json"), "{");
    assertRefused(Reason.UNAVAILABLE, () -> pool.checker().check(pool.spec)).contains("pool.json");
    Files.delete(pool.path("pool.json"));
    assertRefused(Reason.INVALID, () -> pool.checker().check(pool.spec)).contains("not a pool");
  }

  @Test
  void whatIsNotFoundIsNotDeleted() throws IOException {
    Files.delete(pool.path("volumes/raw/volume.json"));
    Path temporary = Files.createFile(pool.path("pool.json.tmp"), AtomicFiles.OWNER_FILE);
    assertRefused(Reason.INVALID, () -> pool.repair("volumes/data: data-without-record"))
        .contains("there is no finding")
        .contains("volumes/raw: data-without-record");
    assertRefused(Reason.INVALID, () -> pool.repair("pool.json.tmp: temporary-file"))
        .contains("nothing that can be deleted");
    assertThat(temporary).exists();
    assertThat(pool.path("volumes/raw/disk.img")).exists();
  }

  @Test
  void onlyWhatIsNamedIsDeleted() throws IOException {
    Files.delete(pool.path("volumes/raw/volume.json"));
    Files.createFile(pool.path("pool.json.tmp"), AtomicFiles.OWNER_FILE);
    PoolReport report =
        pool.checker().delete(pool.spec, Set.of("volumes/raw: data-without-record"));
    assertThat(report.left())
        .extracting(left -> left.finding().id())
        .containsExactly("pool.json.tmp: temporary-file");
  }

  @Test
  void anImageOnALoopDeviceIsNotDeleted() throws IOException {
    Files.delete(pool.path("volumes/raw/volume.json"));
    String id = "volumes/raw: data-without-record";
    LoopDevices loops = new LoopDevices(CheckedPool.HOST);
    LoopDevice device = loops.attach(pool.path("volumes/raw/disk.img"), true, 512);
    try {
      assertThat(pool.repair(id).left())
          .singleElement()
          .satisfies(left -> assertThat(left.refused()).contains("attached to " + device));
    } finally {
      loops.detach(device);
    }
    assertThat(pool.repair(id).left()).isEmpty();
  }

  @Test
  void aTreeThatIsMountedIsNotDeleted() throws IOException {
    Files.delete(pool.path("volumes/tree/volume.json"));
    String id = "volumes/tree: data-without-record";
    Path target = Files.createTempDirectory(directory, "target").toRealPath();
    CheckedPool.HOST.run(
        dev.rockpool.storage.host.Command.of(
            "mount", "--bind", pool.path("volumes/tree/data").toString(), target.toString()));
    try {
      assertThat(pool.repair(id).left())
          .singleElement()
          .satisfies(left -> assertThat(left.refused()).contains("unmount " + target));
    } finally {
      CheckedPool.HOST.run(dev.rockpool.storage.host.Command.of("umount", target.toString()));
    }
    assertThat(pool.repair(id).left()).isEmpty();
    assertThat(pool.path("volumes/" + TREE)).doesNotExist();
  }

  @Test
  void whatIsPublishedIsNotDeleted() throws IOException {
    Files.delete(pool.path("volumes/data/disk.img"));
    assertThat(pool.repair("volumes/data: data-missing").left())
        .singleElement()
        .satisfies(left -> assertThat(left.refused()).contains("published to [" + NODE + "]"));
    assertThat(pool.path("volumes/data/volume.json")).exists();
  }
}
