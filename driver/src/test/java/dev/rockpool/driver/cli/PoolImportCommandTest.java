package dev.rockpool.driver.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import dev.rockpool.driver.TestPools;
import dev.rockpool.storage.Access;
import dev.rockpool.storage.AccessMode;
import dev.rockpool.storage.Allocation;
import dev.rockpool.storage.Attachment;
import dev.rockpool.storage.CopyRate;
import dev.rockpool.storage.DiskConflict;
import dev.rockpool.storage.IoLimits;
import dev.rockpool.storage.NewVolume;
import dev.rockpool.storage.NodeId;
import dev.rockpool.storage.PoolDirectory;
import dev.rockpool.storage.PoolKind;
import dev.rockpool.storage.PoolName;
import dev.rockpool.storage.PoolSnapshots;
import dev.rockpool.storage.PoolSpec;
import dev.rockpool.storage.PoolVolumes;
import dev.rockpool.storage.Pools;
import dev.rockpool.storage.Requester;
import dev.rockpool.storage.SizeRange;
import dev.rockpool.storage.VolumeId;
import dev.rockpool.storage.VolumeLocks;
import dev.rockpool.storage.host.ExecHost;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A pool that came from another node, of which only the pool itself knows. */
final class PoolImportCommandTest {
  private static final NodeId OLD = NodeId.parse("worker-1");
  private static final ExecHost HOST = new ExecHost((_, _, _) -> {});
  private static final long BYTES = 16 << 20;

  @TempDir private Path temporary;
  private Path directory;
  private PoolSpec spec;

  @BeforeEach
  void fillAPool() {
    directory = temporary.resolve("pool").toAbsolutePath();
    spec = TestPools.local("default", directory);
    try (Pools pools = Pools.open(List.of(spec), OLD, 0)) {
      PoolVolumes volumes = new PoolVolumes(() -> pools, HOST);
      volumes.create(
          volume("pvc-1", false, Optional.of(new Requester("shop", "data")), "SINGLE_NODE_WRITER"));
      volumes.create(volume("Raw Disk", true, Optional.empty(), "SINGLE_NODE_SINGLE_WRITER"));
      volumes.create(
          volume("csi-" + "a".repeat(64), false, Optional.empty(), "SINGLE_NODE_WRITER"));
      volumes.attach(
          VolumeId.parse("pvc-1"),
          new Attachment(OLD, AccessMode.SINGLE_NODE_WRITER, Access.READ_WRITE));
      try (PoolSnapshots snapshots =
          new PoolSnapshots(
              () -> pools,
              HOST,
              new VolumeLocks(),
              new CopyRate(CopyRate.DEFAULT_BYTES_PER_SECOND))) {
        for (String name : List.of("snapshot-1", "snapshot-2")) {
          var taken =
              snapshots.create(
                  name,
                  VolumeId.parse("pvc-1"),
                  name.equals("snapshot-1")
                      ? Optional.of(new Requester("shop", "before"))
                      : Optional.empty());
          Awaitility.await()
              .atMost(Duration.ofSeconds(30))
              .until(() -> snapshots.find(taken.id()).orElseThrow().record().ready());
        }
      }
    }
  }

  private static NewVolume volume(
      String name, boolean block, Optional<Requester> requestedBy, String mode) {
    return new NewVolume(
        name,
        new SizeRange(BYTES, 0),
        block,
        Optional.empty(),
        Set.of(AccessMode.valueOf(mode)),
        Optional.empty(),
        Allocation.THIN,
        DiskConflict.NODE,
        List.of(),
        Optional.empty(),
        IoLimits.NONE,
        List.of(),
        requestedBy);
  }

  private CommandRun run(String... arguments) {
    String[] all = new String[arguments.length + 4];
    System.arraycopy(
        new String[] {"pool", "import", "--pool", "default=" + directory}, 0, all, 0, 4);
    System.arraycopy(arguments, 0, all, 4, arguments.length);
    return CommandRun.of(all);
  }

  @Test
  void theTableTellsWhatIsThereAndWhoHoldsIt() throws IOException {
    Files.createDirectory(directory.resolve("volumes/lost"));

    CommandRun run = run();

    assertThat(run.code()).isZero();
    assertThat(run.err()).isEmpty();
    assertThat(run.out())
        .containsPattern(
            "(?m)^volume +pvc-1 +default +ext4 +16 MiB +ready +worker-1 \\(rw, not running\\) +shop/data$")
        .containsPattern("(?m)^volume +v-\\w+ +default +block +16 MiB +ready +- +-$")
        .containsPattern("(?m)^snapshot +snapshot-1 +default +ext4 +16 MiB +ready +- +shop/before$")
        .contains("volume \"lost\" in pool \"default\" can't be imported: it has no record")
        .contains("don't have the pool open: worker-1.");
  }

  @Test
  void aVolumeIsAPersistentVolumeOfThisNodeKeptForItsClaim() throws Exception {
    JsonNode list = run("--node-id", "worker-7", "--storage-class", "fast", "-o", "json").json();

    assertThat(list.get("kind").asText()).isEqualTo("List");
    assertThat(list.get("items")).hasSize(4);
    JsonNode volume = list.get("items").get(0);
    assertThat(volume)
        .isEqualTo(
            new YAMLMapper()
                .readTree(
                    """
                    apiVersion: v1
                    kind: PersistentVolume
                    metadata:
                      name: pvc-1
                      annotations: {pv.kubernetes.io/provisioned-by: csi.rockpool.dev}
                    spec:
                      accessModes: [ReadWriteOnce]
                      capacity: {storage: "16777216"}
                      claimRef: {apiVersion: v1, kind: PersistentVolumeClaim, namespace: shop, name: data}
                      csi: {driver: csi.rockpool.dev, volumeHandle: pvc-1, fsType: ext4}
                      nodeAffinity:
                        required:
                          nodeSelectorTerms:
                          - matchExpressions:
                            - {key: topology.rockpool.dev/node, operator: In, values: [worker-7]}
                      persistentVolumeReclaimPolicy: Retain
                      storageClassName: fast
                      volumeMode: Filesystem
                    """));
    JsonNode raw = list.get("items").get(1);
    String id = raw.at("/spec/csi/volumeHandle").asText();
    assertThat(id).isEqualTo(VolumeId.ofName("Raw Disk").value());
    assertThat(raw.at("/metadata/name").asText()).as("no name for Kubernetes").isEqualTo(id);
    assertThat(raw.at("/spec/volumeMode").asText()).isEqualTo("Block");
    assertThat(raw.at("/spec/accessModes/0").asText()).isEqualTo("ReadWriteOncePod");
    assertThat(raw.at("/spec/csi").has("fsType")).isFalse();
    assertThat(raw.get("spec").has("claimRef")).isFalse();
  }

  @Test
  void aSnapshotIsAContentForTheSnapshotThatItWas() throws Exception {
    JsonNode items = run("-o", "json", "--snapshot-class", "daily").json().get("items");

    JsonNode known = items.get(2);
    assertThat(known.get("apiVersion").asText()).isEqualTo("snapshot.storage.k8s.io/v1");
    assertThat(known.get("kind").asText()).isEqualTo("VolumeSnapshotContent");
    assertThat(known.at("/spec/deletionPolicy").asText()).isEqualTo("Retain");
    assertThat(known.at("/spec/source/snapshotHandle").asText()).isEqualTo("snapshot-1");
    assertThat(known.at("/spec/volumeSnapshotClassName").asText()).isEqualTo("daily");
    assertThat(known.at("/spec/volumeSnapshotRef/namespace").asText()).isEqualTo("shop");
    assertThat(known.at("/spec/volumeSnapshotRef/name").asText()).isEqualTo("before");
    JsonNode unknown = items.get(3).at("/spec/volumeSnapshotRef");
    assertThat(unknown.get("namespace").asText()).isEqualTo("default");
    assertThat(unknown.get("name").asText()).isEqualTo("snapshot-2");
  }

  @Test
  void claimsArePrintedWhereTheyAreKnown() throws Exception {
    JsonNode items = run("-o", "json", "--claims").json().get("items");

    assertThat(items.findValuesAsText("kind")).contains("PersistentVolumeClaim", "VolumeSnapshot");
    assertThat(items).hasSize(7);
    JsonNode claim = items.get(1);
    assertThat(claim.at("/metadata/namespace").asText()).isEqualTo("shop");
    assertThat(claim.at("/metadata/name").asText()).isEqualTo("data");
    assertThat(claim.at("/spec/volumeName").asText()).isEqualTo("pvc-1");
    assertThat(claim.at("/spec/storageClassName").asText()).isEmpty();
    assertThat(claim.at("/spec/resources/requests/storage").asLong()).isEqualTo(BYTES);
  }

  @Test
  void yamlHasADocumentForEach() throws Exception {
    CommandRun run = run("-o", "yaml", "--driver-name", "csi.example.org");

    assertThat(run.code()).isZero();
    assertThat(run.out().lines().filter("---"::equals)).hasSize(4);
    assertThat(run.out()).contains("driver: \"csi.example.org\"");
    JsonNode first = new YAMLMapper().readTree(run.out());
    assertThat(first.at("/metadata/name").asText()).isEqualTo("pvc-1");
  }

  @Test
  void aSharedPoolIsReachedByItsId() throws Exception {
    Path shared = temporary.resolve("shared").toAbsolutePath();
    String id = PoolDirectory.init(new PoolName("team"), shared, PoolKind.SHARED).id();
    try (Pools pools = Pools.open(List.of(TestPools.spec("team", shared)), OLD, 0)) {
      new PoolVolumes(() -> pools, HOST)
          .create(volume("tree", false, Optional.empty(), "MULTI_NODE_MULTI_WRITER"));
    }

    JsonNode volume =
        CommandRun.of("pool", "import", "--pool", "team=" + shared, "-o", "json")
            .json()
            .get("items")
            .get(0);

    JsonNode term = volume.at("/spec/nodeAffinity/required/nodeSelectorTerms/0/matchExpressions/0");
    assertThat(term.get("key").asText()).isEqualTo("topology.rockpool.dev/pool.team");
    assertThat(term.at("/values/0").asText()).isEqualTo(id);
    assertThat(volume.at("/spec/accessModes/0").asText()).isEqualTo("ReadWriteMany");
    assertThat(volume.at("/spec/csi/volumeAttributes/sizeEnforced").asText()).isEqualTo("false");
  }

  @Test
  void aNodeThatIsGoneGivesItsVolumesBack() {
    CommandRun run = run("--release", "worker-1");

    assertThat(run.code()).isZero();
    assertThat(run.err())
        .isEqualToIgnoringNewLines(
            "released: volume \"pvc-1\" in pool \"default\", held by node \"worker-1\" as"
                + " SINGLE_NODE_WRITER READ_WRITE");
    assertThat(run.out()).containsPattern("pvc-1 +default +ext4 +16 MiB +ready +- +shop/data");
    assertThat(run("--release", "worker-1").err()).isEmpty();
  }

  @Test
  void aNodeThatRunsKeepsItsVolumes() {
    try (Pools _ = Pools.open(List.of(spec), OLD, 0)) {
      CommandRun run = run("--release", "worker-1");

      assertThat(run.code()).isEqualTo(1);
      assertThat(run.err()).contains("node \"worker-1\" is not gone");
      assertThat(run().out()).contains("worker-1 (rw)");
    }
  }

  @Test
  void anotherNodeThatRunsKeepsNobodyFromBeingReleased() {
    try (Pools _ = Pools.open(List.of(spec), NodeId.parse("worker-2"), 0)) {
      assertThat(run("--release", "worker-1").code()).isZero();
    }
  }

  @Test
  void aPoolOfAnotherNameGives2() {
    CommandRun run = CommandRun.of("pool", "import", "--pool", "other=" + directory);

    assertThat(run.code()).isEqualTo(2);
    assertThat(run.err()).contains("is the pool \"default\", not \"other\"");
  }
}
