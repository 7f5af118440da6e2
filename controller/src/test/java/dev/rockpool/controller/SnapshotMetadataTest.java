package dev.rockpool.controller;

import static dev.rockpool.controller.Refusals.assertRefused;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.rockpool.proto.csi.BlockMetadata;
import dev.rockpool.proto.csi.BlockMetadataType;
import dev.rockpool.proto.csi.GetMetadataAllocatedRequest;
import dev.rockpool.proto.csi.GetMetadataAllocatedResponse;
import dev.rockpool.proto.csi.GetMetadataDeltaRequest;
import dev.rockpool.proto.csi.GetMetadataDeltaResponse;
import dev.rockpool.proto.csi.SnapshotMetadataGrpc;
import dev.rockpool.storage.BlockPage;
import dev.rockpool.storage.BlockRange;
import dev.rockpool.storage.SnapshotBlocks;
import dev.rockpool.storage.SnapshotId;
import dev.rockpool.storage.StorageException;
import io.grpc.Context;
import io.grpc.ManagedChannel;
import io.grpc.Server;
import io.grpc.Status.Code;
import io.grpc.StatusRuntimeException;
import io.grpc.inprocess.InProcessChannelBuilder;
import io.grpc.inprocess.InProcessServerBuilder;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** GetMetadataAllocated and GetMetadataDelta, through a channel, over made-up blocks. */
@Timeout(30)
final class SnapshotMetadataTest {
  private static final long MIB = 1 << 20;
  private static final long SIZE = 10_000 * MIB;

  private final Blocks blocks = new Blocks();
  private Server server;
  private ManagedChannel channel;
  private SnapshotMetadataGrpc.SnapshotMetadataBlockingStub client;

  /**
   * Every MiB of snapshot "full" begins with 4 KiB of data, and "other" differs from it in every
   * third one; "empty" has none. A page tells of 1000 MiB.
   */
  private static final class Blocks implements SnapshotBlocks {
    final CountDownLatch asked = new CountDownLatch(1);

    @Override
    public BlockPage allocated(SnapshotId snapshot, long from) {
      return switch (snapshot.value()) {
        case "full" -> page(from, 1);
        case "empty" -> new BlockPage(SIZE, List.of(), SIZE);
        case "endless" -> {
          asked.countDown();
          yield new BlockPage(Long.MAX_VALUE, List.of(), from + 1);
        }
        default -> throw StorageException.notFound("snapshot \"" + snapshot + "\" does not exist");
      };
    }

    @Override
    public BlockPage changed(SnapshotId base, SnapshotId target, long from) {
      if (base.value().equals("copy")) {
        throw StorageException.precondition("back up all that is allocated instead");
      }
      return base.value().equals("full") && target.value().equals("other")
          ? page(from, 3)
          : allocated(base, from);
    }

    private static BlockPage page(long from, long every) {
      if (from < 0 || from > SIZE) {
        throw new StorageException(StorageException.Reason.OUT_OF_RANGE, "starting_offset");
      }
      long to = Math.min(SIZE, (from / MIB + 1000) * MIB);
      List<BlockRange> ranges =
          LongStream.rangeClosed(from / MIB, to / MIB)
              .filter(number -> number % every == 0)
              .filter(number -> number * MIB < to && number * MIB + 4096 > from)
              .mapToObj(number -> {
                long begin = Math.max(from, number * MIB);
                return new BlockRange(begin, Math.min(to, number * MIB + 4096) - begin);
              })
              .toList();
      return new BlockPage(SIZE, ranges, to);
    }
  }

  @BeforeEach
  void connect() throws IOException {
    String name = InProcessServerBuilder.generateName();
    server =
        InProcessServerBuilder.forName(name)
            .executor(Executors.newVirtualThreadPerTaskExecutor())
            .addService(new SnapshotMetadataService(blocks))
            .build()
            .start();
    channel = InProcessChannelBuilder.forName(name).build();
    client = SnapshotMetadataGrpc.newBlockingStub(channel);
  }

  @AfterEach
  void disconnect() throws InterruptedException {
    channel.shutdownNow().awaitTermination(10, TimeUnit.SECONDS);
    server.shutdownNow().awaitTermination(10, TimeUnit.SECONDS);
  }

  @Test
  void allRangesComeInMessagesThatAreAlike() {
    List<GetMetadataAllocatedResponse> messages = messages(allocated("full"));
    assertThat(messages).hasSizeGreaterThan(10);
    assertThat(messages)
        .allSatisfy(message -> {
          assertThat(message.getVolumeCapacityBytes()).isEqualTo(SIZE);
          assertThat(message.getBlockMetadataType()).isEqualTo(BlockMetadataType.VARIABLE_LENGTH);
          assertThat(message.getBlockMetadataCount()).isBetween(1, BlockMessages.MOST);
        });
    List<BlockMetadata> ranges = ranges(messages);
    assertThat(ranges).hasSize(10_000);
    assertThat(ranges.getFirst()).isEqualTo(range(0, 4096));
    assertThat(ranges.getLast()).isEqualTo(range(SIZE - MIB, 4096));
    assertThat(ranges).extracting(BlockMetadata::getByteOffset).isSorted();
  }

  @Test
  void theDeltaIsTheTargetsAgainstTheBase() {
    List<GetMetadataDeltaResponse> messages = messages(delta("full", "other"));
    List<BlockMetadata> ranges =
        messages.stream().flatMap(message -> message.getBlockMetadataList().stream()).toList();
    assertThat(messages)
        .allSatisfy(message -> {
          assertThat(message.getVolumeCapacityBytes()).isEqualTo(SIZE);
          assertThat(message.getBlockMetadataType()).isEqualTo(BlockMetadataType.VARIABLE_LENGTH);
        });
    assertThat(ranges).hasSize(3334).contains(range(3 * MIB, 4096));
  }

  @Test
  void theCapacityIsToldEvenIfThereIsNoRange() {
    assertThat(messages(allocated("empty")))
        .containsExactly(
            GetMetadataAllocatedResponse.newBuilder()
                .setBlockMetadataType(BlockMetadataType.VARIABLE_LENGTH)
                .setVolumeCapacityBytes(SIZE)
                .build());
    assertThat(messages(allocated("full").setStartingOffset(SIZE)))
        .extracting(GetMetadataAllocatedResponse::getBlockMetadataCount)
        .containsExactly(0);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 7, 512, 513, Integer.MAX_VALUE})
  void noMessageHasMoreRangesThanTheCallerTakes(int most) {
    List<GetMetadataAllocatedResponse> messages = messages(allocated("full").setMaxResults(most));
    assertThat(ranges(messages)).hasSize(10_000);
    assertThat(messages)
        .allSatisfy(message ->
            assertThat(message.getBlockMetadataCount())
                .isBetween(1, Math.min(most, BlockMessages.MOST)));
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 4095, 4096, 4097, MIB, 5000 * MIB + 17, SIZE - MIB, SIZE - 1})
  void aStreamIsResumedAtAnyOffset(long offset) {
    List<BlockMetadata> rest = ranges(messages(allocated("full").setStartingOffset(offset)));
    List<BlockMetadata> expected =
        Stream.concat(
                ranges(messages(allocated("full"))).stream()
                    .filter(range -> range.getByteOffset() < offset)
                    .filter(range -> range.getByteOffset() + range.getSizeBytes() > offset)
                    .map(range ->
                        range(offset, range.getByteOffset() + range.getSizeBytes() - offset)),
                ranges(messages(allocated("full"))).stream()
                    .filter(range -> range.getByteOffset() >= offset))
            .toList();
    assertThat(rest).isEqualTo(expected);
  }

  @Test
  void whatCantBeAnsweredIsRefused() {
    assertRefused(Code.INVALID_ARGUMENT, () -> messages(allocated(""))).contains("snapshot_id");
    assertRefused(Code.INVALID_ARGUMENT, () -> messages(delta("", "other")))
        .contains("base_snapshot_id");
    assertRefused(Code.INVALID_ARGUMENT, () -> messages(delta("full", "")))
        .contains("target_snapshot_id");
    assertRefused(Code.INVALID_ARGUMENT, () -> messages(allocated("full").setMaxResults(-1)))
        .contains("max_results");
    assertRefused(Code.INVALID_ARGUMENT, () -> messages(delta("full", "other").setMaxResults(-1)))
        .contains("max_results");
    assertRefused(Code.NOT_FOUND, () -> messages(allocated("missing"))).contains("missing");
    assertRefused(Code.NOT_FOUND, () -> messages(delta("missing", "other"))).contains("missing");
    assertRefused(Code.FAILED_PRECONDITION, () -> messages(delta("copy", "other")))
        .contains("instead");
    for (long offset : new long[] {-1, SIZE + 1, Long.MIN_VALUE, Long.MAX_VALUE}) {
      assertRefused(Code.OUT_OF_RANGE, () -> messages(allocated("full").setStartingOffset(offset)));
      assertRefused(
          Code.OUT_OF_RANGE, () -> messages(delta("full", "other").setStartingOffset(offset)));
    }
  }

  @Test
  void aCallerThatGoesEndsTheSearch() throws Exception {
    Context.CancellableContext caller = Context.current().withCancellation();
    Callable<List<?>> search = () -> messages(allocated("endless"));
    FutureTask<List<?>> call = new FutureTask<>(caller.wrap(search));
    Thread.startVirtualThread(call);
    assertThat(blocks.asked.await(10, TimeUnit.SECONDS)).isTrue();
    caller.cancel(null);
    assertThatThrownBy(call::get).hasRootCauseInstanceOf(StatusRuntimeException.class);
    server.shutdown();
    assertThat(server.awaitTermination(10, TimeUnit.SECONDS)).as("no call runs on").isTrue();
  }

  private static GetMetadataAllocatedRequest.Builder allocated(String id) {
    return GetMetadataAllocatedRequest.newBuilder().setSnapshotId(id);
  }

  private static GetMetadataDeltaRequest.Builder delta(String base, String target) {
    return GetMetadataDeltaRequest.newBuilder().setBaseSnapshotId(base).setTargetSnapshotId(target);
  }

  private List<GetMetadataAllocatedResponse> messages(GetMetadataAllocatedRequest.Builder request) {
    return list(client.getMetadataAllocated(request.build()));
  }

  private List<GetMetadataDeltaResponse> messages(GetMetadataDeltaRequest.Builder request) {
    return list(client.getMetadataDelta(request.build()));
  }

  private static <T> List<T> list(Iterator<T> messages) {
    List<T> list = new ArrayList<>();
    messages.forEachRemaining(list::add);
    return list;
  }

  private static List<BlockMetadata> ranges(List<GetMetadataAllocatedResponse> messages) {
    return messages.stream().flatMap(message -> message.getBlockMetadataList().stream()).toList();
  }

  private static BlockMetadata range(long offset, long size) {
    return BlockMetadata.newBuilder().setByteOffset(offset).setSizeBytes(size).build();
  }
}
