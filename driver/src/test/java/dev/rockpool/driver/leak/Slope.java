package dev.rockpool.driver.leak;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** How fast something grows. */
final class Slope {
  private Slope() {}

  /**
   * The median of the slopes between all two samples (Theil and Sen): up to a quarter of the
   * samples may lie anywhere, and it still tells what the others do.
   *
   * @param samples taken at equal distances, at least two
   * @return growth from one sample to the next
   */
  static double of(List<Long> samples) {
    List<Double> slopes = new ArrayList<>();
    for (int i = 0; i < samples.size(); i++) {
      for (int j = i + 1; j < samples.size(); j++) {
        slopes.add((double) (samples.get(j) - samples.get(i)) / (j - i));
      }
    }
    Collections.sort(slopes);
    int middle = slopes.size() / 2;
    return slopes.size() % 2 == 1
        ? slopes.get(middle)
        : (slopes.get(middle - 1) + slopes.get(middle)) / 2;
  }
}
