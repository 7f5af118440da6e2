package dev.rockpool.driver.cli;

import picocli.CommandLine.Command;

/** What can be done with pools. */
@Command(
    name = "pool",
    mixinStandardHelpOptions = true,
    optionListHeading = "%n",
    commandListHeading = "%nCommands:%n",
    synopsisSubcommandLabel = "COMMAND",
    description = "Makes pools, shows them, checks them, and reads them back.",
    footer = {
      "",
      "A local pool is on a filesystem of one node. A shared pool is on a filesystem that",
      "several nodes have mounted, such as CephFS or NFSv4: each of them opens it."
    })
final class PoolCommand {}
