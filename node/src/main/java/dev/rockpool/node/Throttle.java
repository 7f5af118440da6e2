package dev.rockpool.node;

import java.nio.file.Path;

/**
 * A place where limits stand.
 *
 * @param cgroup whose processes are limited
 * @param device on which they are, as {@code 7:3}
 */
record Throttle(Path cgroup, String device) {}
