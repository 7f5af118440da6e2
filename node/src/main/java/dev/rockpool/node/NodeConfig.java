package dev.rockpool.node;

import dev.rockpool.storage.NodeId;
import java.nio.file.Path;

/**
 * What a node is.
 *
 * @param node its id
 * @param maxVolumes how many volumes it can hold; 0 = no limit
 * @param paths that requests may name
 * @param stateDirectory where it remembers what it has staged; made if it is missing
 * @param cgroups in which users of volumes are limited
 */
public record NodeConfig(
    NodeId node, int maxVolumes, TargetPaths paths, Path stateDirectory, IoCgroups cgroups) {}
