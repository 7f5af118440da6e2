package dev.rockpool.storage;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.Locale;

/** On how many nodes a pool's filesystem is. */
public enum PoolKind {
  /** On one node. */
  @JsonProperty("local")
  LOCAL,
  /** The same filesystem is mounted on several nodes. */
  @JsonProperty("shared")
  SHARED;

  /** As flags and messages have it. */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }
}
