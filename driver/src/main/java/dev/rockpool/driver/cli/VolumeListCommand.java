package dev.rockpool.driver.cli;

import dev.rockpool.storage.VolumeRecord;
import java.util.Map;
import picocli.CommandLine.Command;

/** Shows all volumes. */
@Command(
    name = "list",
    mixinStandardHelpOptions = true,
    abbreviateSynopsis = true,
    optionListHeading = "%n",
    description = {
      "Shows all volumes of pools, and what lies among them without being one.",
      "",
      "Pools are only read, so this works beside a running driver. PUBLISHED TO names the nodes that hold a volume: rw may write, ro may not."
    },
    footer = {
      "",
      "Examples:",
      "  rockpool volume list --pool default=/var/lib/rockpool/default",
      "  rockpool volume list -o json | jq -r '.[] | select(.state != \"ready\") | .id'"
    })
final class VolumeListCommand extends ListCommand<VolumeRecord> {
  VolumeListCommand(Map<String, String> environment) {
    super(new VolumePart(), environment);
  }
}
