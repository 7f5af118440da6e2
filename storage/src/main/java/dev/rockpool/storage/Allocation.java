package dev.rockpool.storage;

import com.fasterxml.jackson.annotation.JsonProperty;

/** When an image's space is taken from the filesystem. */
public enum Allocation {
  /** As it is written: the image is sparse. */
  @JsonProperty("thin")
  THIN,
  /** At creation. */
  @JsonProperty("thick")
  THICK
}
