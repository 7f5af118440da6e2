package dev.rockpool.driver.cli;

import static java.util.Objects.requireNonNull;

import dev.rockpool.storage.SnapshotId;
import dev.rockpool.storage.SnapshotRecord;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** Shows one snapshot. */
@Command(
    name = "show",
    mixinStandardHelpOptions = true,
    abbreviateSynopsis = true,
    optionListHeading = "%n",
    description = "Shows all that the record of a snapshot says, and where the snapshot is.",
    footer = {
      "",
      "Examples:",
      "  rockpool snapshot show snapshot-0a1b --pool default=/var/lib/rockpool/default",
      "  rockpool snapshot show snapshot-0a1b -o json | jq .state"
    })
final class SnapshotShowCommand extends ShowCommand<SnapshotRecord> {
  @Parameters(
      paramLabel = "SNAPSHOT",
      description = "The snapshot's id, as 'snapshot list' shows it.")
  private @Nullable SnapshotId id;

  SnapshotShowCommand(Map<String, String> environment) {
    super(new SnapshotPart(), environment);
  }

  @Override
  String id() {
    return requireNonNull(id).value();
  }
}
