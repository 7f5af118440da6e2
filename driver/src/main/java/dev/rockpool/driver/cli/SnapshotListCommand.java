package dev.rockpool.driver.cli;

import dev.rockpool.storage.SnapshotRecord;
import java.util.Map;
import picocli.CommandLine.Command;

/** Shows all snapshots. */
@Command(
    name = "list",
    mixinStandardHelpOptions = true,
    abbreviateSynopsis = true,
    optionListHeading = "%n",
    description = {
      "Shows all snapshots of pools, and what lies among them without being one.",
      "",
      "Pools are only read, so this works beside a running driver. PROMISED is what a snapshot takes of its pool once it shares no block with anything; where blocks are shared it takes less now. A snapshot can be used when its STATE is ready: one that is copying shows how far it has come. Snapshots with the same GROUP are of one moment, and are deleted together."
    },
    footer = {
      "",
      "Examples:",
      "  rockpool snapshot list --pool default=/var/lib/rockpool/default",
      "  rockpool snapshot list -o json | jq -r '.[] | select(.source == \"pvc-0a1b\") | .id'"
    })
final class SnapshotListCommand extends ListCommand<SnapshotRecord> {
  SnapshotListCommand(Map<String, String> environment) {
    super(new SnapshotPart(), environment);
  }
}
