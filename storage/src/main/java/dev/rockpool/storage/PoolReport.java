package dev.rockpool.storage;

import java.util.List;

/**
 * What a check of a pool came to.
 *
 * @param spec which pool
 * @param inUse whether a driver had it open meanwhile
 * @param volumes how many there are, in whatever state
 * @param snapshots how many there are, in whatever state
 * @param groups how many there are, in whatever state
 * @param left what is found and not mended
 * @param mended what was repaired or deleted
 */
public record PoolReport(
    PoolSpec spec,
    boolean inUse,
    int volumes,
    int snapshots,
    int groups,
    List<Left> left,
    List<Mended> mended) {

  /**
   * A finding that still is one.
   *
   * @param finding what it is
   * @param refused why it was not mended though that was asked for; "" = it was not asked for
   */
  public record Left(Finding finding, String refused) {}

  /**
   * A finding that is none any more.
   *
   * @param finding what it was
   * @param done what was done about it, a sentence
   */
  public record Mended(Finding finding, String done) {}

  public PoolReport {
    left = List.copyOf(left);
    mended = List.copyOf(mended);
  }
}
