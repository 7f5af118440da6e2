package dev.rockpool.driver.standalone;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import dev.rockpool.driver.TestPools;
import dev.rockpool.identity.Health;
import dev.rockpool.storage.NodeId;
import dev.rockpool.storage.PoolSpec;
import dev.rockpool.storage.Pools;
import dev.rockpool.storage.StorageException;
import dev.rockpool.storage.StorageException.Reason;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
final class OpenPoolsTest {
  private static final NodeId NODE = NodeId.parse("test-node");

  @TempDir private Path temporary;
  private final Opening opening = new Opening();
  private final OpenPools pools = new OpenPools(opening, Duration.ofMillis(20));

  /** Really opens a pool, but waits where the test tells it to. */
  private final class Opening implements OpenPools.Steps {
    final CountDownLatch mayRecover = new CountDownLatch(1);
    final CountDownLatch opened = new CountDownLatch(1);
    final AtomicReference<@Nullable Pools> recovered = new AtomicReference<>();
    final AtomicReference<@Nullable StorageException> hopeless = new AtomicReference<>();
    volatile List<PoolSpec> specs = List.of();

    @Override
    public Pools open() {
      return Pools.open(specs, NODE, 0);
    }

    @Override
    public void recover(Pools opening) {
      try {
        mayRecover.await();
      } catch (InterruptedException e) {
        throw new AssertionError(e);
      }
      recovered.set(pools.get());
    }

    @Override
    public void opened() {
      opened.countDown();
    }

    @Override
    public void hopeless(StorageException why) {
      hopeless.set(why);
    }
  }

  @AfterEach
  void close() {
    opening.mayRecover.countDown();
    pools.close();
  }

  @Test
  void areUnavailableBeforeTheyAreOpened() {
    assertThat(pools.health()).isEqualTo(new Health.Starting("pools are being opened"));
    assertThat(pools.ifOpen()).isEmpty();
    assertThat(refusal().reason()).isEqualTo(Reason.UNAVAILABLE);
  }

  @Test
  void areGivenToWhoRecoversBeforeAnybodyElse() throws Exception {
    opening.specs = List.of(TestPools.local("default", temporary.resolve("pool")));
    pools.start();
    await().until(() -> pools.health().toString().contains("taken up"));
    assertThat(refusal().reason()).isEqualTo(Reason.UNAVAILABLE);

    opening.mayRecover.countDown();
    opening.opened.await();

    assertThat(pools.health()).isEqualTo(new Health.Ready());
    assertThat(opening.recovered.get())
        .isSameAs(pools.get())
        .isSameAs(pools.ifOpen().orElseThrow());
  }

  @Test
  void areTriedAgainWhileTheyCannotBeRead() throws Exception {
    PoolSpec spec = TestPools.local("default", temporary.resolve("pool"));
    Path record = spec.directory().resolve("pool.json");
    Path aside = temporary.resolve("aside");
    Files.move(record, aside);
    // Reading it fails. It comes back at once: without any the directory would be no pool.
    Files.writeString(record, "{");
    opening.specs = List.of(spec);
    opening.mayRecover.countDown();
    pools.start();
    await().until(() -> pools.health() instanceof Health.Unhealthy);
    assertThat(pools.health().toString()).contains("pool \"default\" can't be read");
    assertThat(refusal()).hasMessageContaining("pool \"default\" can't be read");

    Files.move(aside, record, StandardCopyOption.ATOMIC_MOVE);

    opening.opened.await();
    assertThat(pools.health()).isEqualTo(new Health.Ready());
  }

  @Test
  void areGivenUpWhenTheyAreConfiguredWrongly() {
    opening.specs = List.of(TestPools.spec("default", temporary));
    pools.start();

    await().until(() -> opening.hopeless.get() != null);

    assertThat(opening.hopeless.get()).hasMessageContaining("is not a pool");
    assertThat(opening.opened.getCount()).isEqualTo(1);
  }

  @Test
  void areGivenUpWhenAnotherProcessHasThem() {
    PoolSpec spec = TestPools.local("default", temporary.resolve("pool"));
    opening.specs = List.of(spec);
    try (Pools other = Pools.open(List.of(spec), NodeId.parse("other"), 0)) {
      assertThat(other.all()).hasSize(1);
      pools.start();

      await().until(() -> opening.hopeless.get() != null);
    }

    assertThat(opening.hopeless.get()).hasMessageContaining("is open already");
  }

  @Test
  void areUnhealthyWhenAPoolVanishes() throws Exception {
    PoolSpec spec = TestPools.local("default", temporary.resolve("pool"));
    opening.specs = List.of(spec);
    opening.mayRecover.countDown();
    pools.start();
    opening.opened.await();

    Files.move(spec.directory(), temporary.resolve("gone"));
    assertThat(pools.health()).isInstanceOf(Health.Unhealthy.class);

    Files.move(temporary.resolve("gone"), spec.directory());
    assertThat(pools.health()).isEqualTo(new Health.Ready());
  }

  @Test
  void canBeOpenedByOthersOnceClosed() throws IOException, InterruptedException {
    PoolSpec spec = TestPools.local("default", temporary.resolve("pool"));
    opening.specs = List.of(spec);
    opening.mayRecover.countDown();
    pools.start();
    opening.opened.await();

    pools.close();

    try (Pools other = Pools.open(List.of(spec), NodeId.parse("other"), 0)) {
      assertThat(other.all()).hasSize(1);
    }
    assertThat(refusal()).hasMessageContaining("ending");
  }

  private StorageException refusal() {
    return catchThrowableOfType(StorageException.class, pools::get);
  }
}
