package dev.rockpool.driver.observe;

import dev.rockpool.storage.Pool;
import dev.rockpool.storage.Pools;
import io.prometheus.metrics.model.registry.MultiCollector;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot.GaugeDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.Labels;
import io.prometheus.metrics.model.snapshots.MetricSnapshots;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Reads the pools when they are asked for. A pool that can't be read is left out of the answer. */
final class PoolCollector implements MultiCollector {
  private static final Logger log = LoggerFactory.getLogger(PoolCollector.class);

  private final Supplier<Optional<Pools>> pools;

  PoolCollector(Supplier<Optional<Pools>> pools) {
    this.pools = pools;
  }

  private record Reading(
      String pool,
      long promisable,
      long promised,
      long available,
      long free,
      long volumes,
      long snapshots) {
    static Reading of(Pool pool) {
      return new Reading(
          pool.name().value(),
          pool.promisableBytes(),
          pool.promisedBytes(),
          pool.availableBytes(),
          pool.freeBytes(),
          pool.count(),
          pool.snapshotCount());
    }
  }

  private interface Figure {
    double of(Reading reading);
  }

  @Override
  public MetricSnapshots collect() {
    List<Reading> readings =
        pools.get().stream()
            .flatMap(open -> open.all().stream())
            .flatMap(pool -> read(pool).stream())
            .toList();
    return MetricSnapshots.of(
        gauge(
            "rockpool_pool_promisable_bytes",
            "Bytes that the pool may promise to volumes and snapshots in all.",
            readings,
            Reading::promisable),
        gauge(
            "rockpool_pool_promised_bytes",
            "Bytes that the pool has promised to volumes and snapshots.",
            readings,
            Reading::promised),
        gauge(
            "rockpool_pool_available_bytes",
            "Bytes that the pool can still promise.",
            readings,
            Reading::available),
        gauge(
            "rockpool_pool_free_bytes",
            "Bytes that are free in the pool's filesystem, whatever was promised.",
            readings,
            Reading::free),
        gauge("rockpool_pool_volumes", "Volumes in the pool.", readings, Reading::volumes),
        gauge("rockpool_pool_snapshots", "Snapshots in the pool.", readings, Reading::snapshots),
        troubled());
  }

  private GaugeSnapshot troubled() {
    GaugeSnapshot.Builder gauge =
        GaugeSnapshot.builder()
            .name("rockpool_pool_troubled")
            .help("1 if the pool can't be read or written now, else 0; /healthz tells why.");
    pools
        .get()
        .ifPresent(
            open -> open.all().forEach(pool -> point(gauge, pool.name().value(), troubled(pool))));
    return gauge.build();
  }

  private static double troubled(Pool pool) {
    return pool.trouble().isPresent() ? 1 : 0;
  }

  private static void point(GaugeSnapshot.Builder gauge, String pool, double value) {
    gauge.dataPoint(
        GaugeDataPointSnapshot.builder().labels(Labels.of("pool", pool)).value(value).build());
  }

  private static Optional<Reading> read(Pool pool) {
    try {
      return Optional.of(Reading.of(pool));
    } catch (RuntimeException e) {
      log.warn("no metrics of pool \"{}\": {}", pool.name(), e.toString());
      return Optional.empty();
    }
  }

  private static GaugeSnapshot gauge(
      String name, String help, List<Reading> readings, Figure figure) {
    GaugeSnapshot.Builder gauge = GaugeSnapshot.builder().name(name).help(help);
    for (Reading reading : readings) {
      point(gauge, reading.pool(), figure.of(reading));
    }
    return gauge.build();
  }
}
