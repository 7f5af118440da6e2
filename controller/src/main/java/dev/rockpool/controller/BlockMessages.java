package dev.rockpool.controller;

import dev.rockpool.proto.Answers.Messages;
import dev.rockpool.proto.csi.BlockMetadata;
import dev.rockpool.storage.BlockPage;
import dev.rockpool.storage.BlockRange;
import io.grpc.Context;
import io.grpc.Status;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.function.LongFunction;

/**
 * Cuts pages of ranges into messages of a bounded size. The first message comes even if there is no
 * range at all, since it tells the capacity.
 */
final class BlockMessages<T> implements Messages<T> {
  /** How many ranges a message has at most; it is then about 10 KiB long. */
  static final int MOST = 512;

  /** Makes a message. */
  interface Maker<T> {
    T message(long capacityBytes, List<BlockMetadata> ranges);
  }

  private final LongFunction<BlockPage> pages;
  private final int most;
  private final Maker<T> maker;
  private final Queue<BlockRange> waiting = new ArrayDeque<>();
  private BlockPage page;
  private boolean begun;

  /**
   * @param pages gives the page that begins at an offset; the first one is asked for at once
   * @param most how many ranges the caller wants in a message at most; 0 = not said
   */
  BlockMessages(LongFunction<BlockPage> pages, long from, int most, Maker<T> maker) {
    this.pages = pages;
    this.most = most == 0 ? MOST : Math.min(most, MOST);
    this.maker = maker;
    this.page = pages.apply(from);
    waiting.addAll(page.ranges());
  }

  @Override
  public Optional<T> next() {
    while (waiting.isEmpty() && !page.last()) {
      // Page after page may tell of nothing, and nothing is sent then that could fail.
      if (Context.current().isCancelled()) {
        throw Status.CANCELLED.withDescription("the caller has gone").asRuntimeException();
      }
      page = pages.apply(page.next());
      waiting.addAll(page.ranges());
    }
    if (waiting.isEmpty() && begun) {
      return Optional.empty();
    }
    begun = true;
    List<BlockMetadata> ranges = new ArrayList<>();
    while (ranges.size() < most && !waiting.isEmpty()) {
      BlockRange range = waiting.remove();
      ranges.add(
          BlockMetadata.newBuilder()
              .setByteOffset(range.offset())
              .setSizeBytes(range.length())
              .build());
    }
    return Optional.of(maker.message(page.capacityBytes(), ranges));
  }
}
