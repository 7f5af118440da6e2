package dev.rockpool.controller;

import java.util.List;
import java.util.function.Function;
import java.util.function.IntFunction;

/**
 * A page of a listing.
 *
 * @param entries on this page
 * @param nextToken with which the next one is asked for; empty if this is the last
 */
record Page<T>(List<T> entries, String nextToken) {

  /**
   * @param most entries; 0 = all
   * @param list gives so many entries, or fewer if there are no more
   * @param id of an entry, in whose order they are
   */
  static <T> Page<T> of(int most, IntFunction<List<T>> list, Function<T, Object> id) {
    // One more than asked for tells whether there is a next page.
    int wanted = most == 0 ? Integer.MAX_VALUE : most == Integer.MAX_VALUE ? most : most + 1;
    List<T> found = list.apply(wanted);
    if (most == 0 || found.size() <= most) {
      return new Page<>(found, "");
    }
    List<T> page = found.subList(0, most);
    return new Page<>(page, PageToken.after(id.apply(page.getLast())));
  }
}
