package dev.rockpool.storage;

import com.fasterxml.jackson.annotation.JsonProperty;

/** Between whom the rule of one writer or many readers holds. */
public enum DiskConflict {
  /** Between nodes: users on one node share what the node holds. */
  @JsonProperty("node")
  NODE,
  /** Between users too: a second one on the node needs all of them to be read-only. */
  @JsonProperty("pod")
  POD
}
