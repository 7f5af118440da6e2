package dev.rockpool.driver.cli;

import static java.util.Objects.requireNonNull;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import dev.rockpool.driver.log.Logging;
import dev.rockpool.driver.process.ExitCode;
import dev.rockpool.driver.standalone.Standalone;
import dev.rockpool.node.EphemeralVolumes;
import dev.rockpool.storage.NodeId;
import dev.rockpool.storage.Pool;
import dev.rockpool.storage.PoolHolders;
import dev.rockpool.storage.PoolSpec;
import dev.rockpool.storage.Snapshot;
import dev.rockpool.storage.SnapshotRecord;
import dev.rockpool.storage.StorageException;
import dev.rockpool.storage.Volume;
import dev.rockpool.storage.VolumeRecord;
import dev.rockpool.storage.host.ExecHost;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.event.Level;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Reads pools back into an orchestrator that knows nothing of them. */
@Command(
    name = "import",
    mixinStandardHelpOptions = true,
    abbreviateSynopsis = true,
    optionListHeading = "%n",
    sortOptions = false,
    description = {
      "Tells what is in pools, for an orchestrator that has lost it, or never knew it.",
      "",
      "A table shows all volumes and snapshots, with who holds them and for which claim they were made. -o yaml prints PersistentVolumes and VolumeSnapshotContents for those that are ready, to be applied in Kubernetes; they have the reclaim policy Retain. Pools are only read, unless nodes are released."
    },
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      " 0:done",
      " 1:a pool could not be read, or a volume could not be released",
      " 2:a flag is wrong, or a directory is not that pool"
    },
    footer = {
      "",
      "Examples:",
      "  rockpool pool import --pool default=/mnt/moved",
      "  rockpool pool import --pool default=/mnt/moved --release worker-1",
      "  rockpool pool import --pool default=/mnt/moved --node-id worker-7 \\",
      "      --storage-class rockpool --claims -o yaml | kubectl apply -f -"
    })
final class PoolImportCommand implements Callable<Integer> {
  private enum Format {
    TABLE,
    YAML,
    JSON
  }

  @Spec private @Nullable CommandSpec command;
  @Mixin private final PoolsOption pools;

  @Option(
      names = "--node-id",
      paramLabel = "ID",
      description =
          "The node that has the pools now: volumes of local pools can be used on it only (default: the hostname).")
  private Optional<NodeId> node = Optional.empty();

  @Option(
      names = {"-o", "--output"},
      paramLabel = "table|yaml|json",
      description =
          "A table for people, or manifests for Kubernetes, as YAML or as a List in JSON (default: table).")
  private Format format = Format.TABLE;

  @Option(
      names = "--claims",
      description =
          "Print PersistentVolumeClaims too, where it is known for which a volume was made, and VolumeSnapshots.")
  private boolean claims;

  @Option(
      names = "--storage-class",
      paramLabel = "NAME",
      description = "The volumes' StorageClass (default: none).")
  private Optional<String> storageClass = Optional.empty();

  @Option(
      names = "--snapshot-class",
      paramLabel = "NAME",
      description = "The snapshots' VolumeSnapshotClass (default: none).")
  private Optional<String> snapshotClass = Optional.empty();

  @Option(
      names = "--namespace",
      paramLabel = "NAME",
      description =
          "Where VolumeSnapshots are put of which it is not known where they were (default: default).")
  private String namespace = "default";

  @Option(
      names = "--driver-name",
      paramLabel = "NAME",
      description = "The CSI driver's name (default: " + Standalone.DRIVER + ").")
  private String driver = Standalone.DRIVER;

  @Option(
      names = "--release",
      paramLabel = "NODE",
      description =
          "Take all volumes away from this node, which is gone for good, so that others can use them. Refused while its driver runs, or a volume is locked or in use on this machine. May be repeated.")
  private List<NodeId> released = List.of();

  PoolImportCommand(Map<String, String> environment) {
    this.pools = new PoolsOption(environment);
  }

  @Override
  public Integer call() throws JsonProcessingException {
    Logging.use(Level.ERROR);
    PrintWriter err = requireNonNull(command).commandLine().getErr();
    NodeId here = node.orElseGet(Hostname::asNodeId);
    ImportTable table = new ImportTable();
    List<ObjectNode> manifests = new ArrayList<>();
    int code = ExitCode.OK;
    for (PoolSpec spec : pools.specs()) {
      try {
        PoolHolders holders = new PoolHolders(spec, new ExecHost((_, _, _) -> {}));
        for (NodeId gone : released) {
          code = Math.max(code, release(holders, spec, gone, err));
        }
        try (Pool pool = Pool.look(spec, here)) {
          table.add(pool, holders.running());
          manifests.addAll(manifests(pool));
        }
      } catch (StorageException e) {
        err.println("rockpool: " + e.getMessage());
        code = Math.max(code, ExitCode.of(e));
      }
    }
    print(table, manifests);
    return code;
  }

  private static int release(PoolHolders holders, PoolSpec spec, NodeId gone, PrintWriter err) {
    int code = ExitCode.OK;
    for (PoolHolders.Outcome outcome : holders.release(gone)) {
      String held =
          "volume \""
              + outcome.volume()
              + "\" in pool \""
              + spec.name()
              + "\", held by node \""
              + gone
              + "\" as "
              + outcome.held().mode()
              + " "
              + outcome.held().access();
      if (outcome.refused().isPresent()) {
        err.println("rockpool: not released: " + held + ": " + outcome.refused().get());
        code = ExitCode.FAILED;
      } else {
        err.println("released: " + held);
      }
    }
    return code;
  }

  private List<ObjectNode> manifests(Pool pool) {
    Manifests kubernetes = new Manifests(driver, storageClass, snapshotClass, namespace);
    List<ObjectNode> all = new ArrayList<>();
    for (VolumeRecord record : readable(pool, new VolumePart())) {
      // What a pod has described itself is no PersistentVolume, and goes with its pod.
      if (record.state() == VolumeRecord.State.READY && !EphemeralVolumes.isName(record.name())) {
        Volume volume = new Volume(record, pool.name(), pool.topology());
        all.add(kubernetes.persistentVolume(volume));
        if (claims) {
          kubernetes.persistentVolumeClaim(volume).ifPresent(all::add);
        }
      }
    }
    for (SnapshotRecord record : readable(pool, new SnapshotPart())) {
      if (record.ready()) {
        Snapshot snapshot = new Snapshot(record, pool.name(), pool.topology());
        all.add(kubernetes.snapshotContent(snapshot));
        if (claims) {
          all.add(kubernetes.volumeSnapshot(snapshot));
        }
      }
    }
    return all;
  }

  private static <R> List<R> readable(Pool pool, PoolPart<R> part) {
    return PoolContents.all(pool, part).stream()
        .flatMap(entry ->
            entry instanceof PoolContents.Known<R> known
                ? Stream.of(known.record())
                : Stream.<R>empty())
        .toList();
  }

  private void print(ImportTable table, List<ObjectNode> manifests) throws JsonProcessingException {
    PrintWriter out = requireNonNull(command).commandLine().getOut();
    switch (format) {
      case TABLE -> table.print(out);
      case JSON -> OutputOption.print(out, Manifests.list(manifests));
      case YAML -> {
        YAMLMapper yaml = new YAMLMapper();
        for (ObjectNode manifest : manifests) {
          out.print(yaml.writeValueAsString(manifest));
        }
        out.flush();
      }
    }
  }
}
