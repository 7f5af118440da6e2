package dev.rockpool.driver;

import dev.rockpool.storage.PoolDirectory;
import dev.rockpool.storage.PoolKind;
import dev.rockpool.storage.PoolName;
import dev.rockpool.storage.PoolSpec;
import java.nio.file.Path;

/** Pools in temporary directories. */
public final class TestPools {
  private TestPools() {}

  /** Makes a local pool. */
  public static PoolSpec local(String name, Path directory) {
    return make(name, directory, PoolKind.LOCAL);
  }

  /** Makes a pool of that kind. */
  public static PoolSpec make(String name, Path directory, PoolKind kind) {
    PoolDirectory.init(new PoolName(name), directory, kind);
    return spec(name, directory);
  }

  /** Names a pool, whether it is there or not. */
  public static PoolSpec spec(String name, Path directory) {
    return PoolSpec.parse(name + "=" + directory);
  }
}
