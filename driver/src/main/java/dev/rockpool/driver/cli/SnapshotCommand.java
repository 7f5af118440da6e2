package dev.rockpool.driver.cli;

import picocli.CommandLine.Command;

/** What can be done with snapshots. */
@Command(
    name = "snapshot",
    mixinStandardHelpOptions = true,
    optionListHeading = "%n",
    commandListHeading = "%nCommands:%n",
    synopsisSubcommandLabel = "COMMAND",
    description = "Shows snapshots, as their records in the pools have them.")
final class SnapshotCommand {}
