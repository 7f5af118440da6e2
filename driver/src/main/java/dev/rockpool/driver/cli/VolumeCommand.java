package dev.rockpool.driver.cli;

import picocli.CommandLine.Command;

/** What can be done with volumes. */
@Command(
    name = "volume",
    mixinStandardHelpOptions = true,
    optionListHeading = "%n",
    commandListHeading = "%nCommands:%n",
    synopsisSubcommandLabel = "COMMAND",
    description = "Shows volumes, as their records in the pools have them.")
final class VolumeCommand {}
