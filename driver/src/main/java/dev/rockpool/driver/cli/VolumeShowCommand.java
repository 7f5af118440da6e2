package dev.rockpool.driver.cli;

import static java.util.Objects.requireNonNull;

import dev.rockpool.storage.VolumeId;
import dev.rockpool.storage.VolumeRecord;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** Shows one volume. */
@Command(
    name = "show",
    mixinStandardHelpOptions = true,
    abbreviateSynopsis = true,
    optionListHeading = "%n",
    description = "Shows all that the record of a volume says, and where the volume is.",
    footer = {
      "",
      "Examples:",
      "  rockpool volume show pvc-0a1b --pool default=/var/lib/rockpool/default",
      "  rockpool volume show pvc-0a1b -o json | jq .attachments"
    })
final class VolumeShowCommand extends ShowCommand<VolumeRecord> {
  @Parameters(paramLabel = "VOLUME", description = "The volume's id, as 'volume list' shows it.")
  private @Nullable VolumeId id;

  VolumeShowCommand(Map<String, String> environment) {
    super(new VolumePart(), environment);
  }

  @Override
  String id() {
    return requireNonNull(id).value();
  }
}
