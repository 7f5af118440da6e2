package dev.rockpool.driver.cli;

import picocli.CommandLine.Command;

/** What is said about the program as a whole. */
@Command(
    name = "rockpool",
    mixinStandardHelpOptions = true,
    optionListHeading = "%n",
    commandListHeading = "%nCommands:%n",
    versionProvider = Version.class,
    synopsisSubcommandLabel = "COMMAND",
    description = {
      "A CSI storage driver: block and file volumes out of pools.",
      "",
      "A pool is a directory on a filesystem that this machine already has."
    },
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      " 0:done, or ended by SIGTERM or SIGINT in good order",
      " 1:it could not be done; standard error says why",
      " 2:a flag, a variable or a pool's configuration is wrong"
    },
    footer = {
      "",
      "Environment:",
      "  CSI_ENDPOINT            where to serve or to call, as --endpoint",
      "  ROCKPOOL_POOLS          pools, as --pool; several with blanks or semicolons between",
      "  ROCKPOOL_HEAP           limit of the heap, such as 64m (default: 32m)",
      "  ROCKPOOL_JAVA_OPTIONS   more options for Java",
      "  JAVA_HOME               the Java to run with, of version 25 or later",
      "",
      "To begin:",
      "  rockpool pool init --pool default=/var/lib/rockpool/default",
      "  rockpool standalone --pool default=/var/lib/rockpool/default \\",
      "      --endpoint unix:///run/rockpool/csi.sock",
      "  rockpool selftest --endpoint unix:///run/rockpool/csi.sock \\",
      "      --work-dir /tmp/selftest"
    })
final class RockpoolCommand {}
