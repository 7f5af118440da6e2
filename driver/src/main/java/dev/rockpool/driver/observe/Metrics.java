package dev.rockpool.driver.observe;

import dev.rockpool.storage.Pools;
import dev.rockpool.storage.host.ExecHost;
import io.grpc.Status;
import io.prometheus.metrics.core.datapoints.DistributionDataPoint;
import io.prometheus.metrics.core.metrics.Gauge;
import io.prometheus.metrics.core.metrics.GaugeWithCallback;
import io.prometheus.metrics.core.metrics.Histogram;
import io.prometheus.metrics.core.metrics.Info;
import io.prometheus.metrics.expositionformats.PrometheusTextFormatWriter;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;
import java.util.function.IntSupplier;
import java.util.function.Supplier;

/** What the driver counts, in the text format of Prometheus. Its names are for users to rely on. */
public final class Metrics implements RpcObserver, ExecHost.Observer {
  private static final double[] SECONDS = {
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120
  };

  private final PrometheusRegistry registry = new PrometheusRegistry();
  private final PrometheusTextFormatWriter writer =
      PrometheusTextFormatWriter.builder().setIncludeCreatedTimestamps(false).build();
  private final Histogram calls =
      Histogram.builder()
          .name("rockpool_rpc_seconds")
          .help("How long calls took, by method and gRPC code.")
          .labelNames("method", "code")
          .classicOnly()
          .classicUpperBounds(SECONDS)
          .register(registry);
  private final Gauge inFlight =
      Gauge.builder().name("rockpool_rpc_in_flight").help("Calls that run now.").register(registry);
  private final Histogram commands =
      Histogram.builder()
          .name("rockpool_host_command_seconds")
          .help("How long host commands took, by program and outcome (ok, failed).")
          .labelNames("program", "outcome")
          .classicOnly()
          .classicUpperBounds(SECONDS)
          .register(registry);

  /**
   * @param version of this program
   * @param pools read at each scrape; empty while they are being opened
   */
  public Metrics(String version, Supplier<Optional<Pools>> pools) {
    Info.builder()
        .name("rockpool_build_info")
        .help("The version that runs; the value is 1.")
        .labelNames("version")
        .register(registry)
        .addLabelValues(version);
    registry.register(new PoolCollector(pools));
  }

  /**
   * @param unenforced how many volumes are in use without the I/O limits that their records say
   */
  public void watchLimits(IntSupplier unenforced) {
    GaugeWithCallback.builder()
        .name("rockpool_volume_limits_unenforced")
        .help("Volumes in use on this node whose I/O limits are recorded but not enforced.")
        .callback(value -> value.call(unenforced.getAsInt()))
        .register(registry);
  }

  @Override
  public void began() {
    inFlight.inc();
  }

  @Override
  public void ended(String method, Status.Code code, Duration took) {
    inFlight.dec();
    observe(calls.labelValues(method, code.name()), took);
  }

  @Override
  public void ended(String program, boolean succeeded, Duration took) {
    observe(commands.labelValues(program, succeeded ? "ok" : "failed"), took);
  }

  private static void observe(DistributionDataPoint point, Duration took) {
    point.observe(took.toNanos() / 1e9);
  }

  /** The type of {@link #text}, as an HTTP header has it. */
  String contentType() {
    return writer.getContentType();
  }

  /** All metrics as they are now. */
  String text() {
    ByteArrayOutputStream text = new ByteArrayOutputStream();
    try {
      writer.write(text, registry.scrape());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return text.toString(StandardCharsets.UTF_8);
  }
}
