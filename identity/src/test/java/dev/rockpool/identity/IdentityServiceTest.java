package dev.rockpool.identity;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import dev.rockpool.proto.csi.GetPluginCapabilitiesRequest;
import dev.rockpool.proto.csi.GetPluginInfoRequest;
import dev.rockpool.proto.csi.GetPluginInfoResponse;
import dev.rockpool.proto.csi.IdentityGrpc;
import dev.rockpool.proto.csi.PluginCapability.Service;
import dev.rockpool.proto.csi.PluginCapability.VolumeExpansion;
import dev.rockpool.proto.csi.ProbeRequest;
import dev.rockpool.proto.csi.ProbeResponse;
import io.grpc.ManagedChannel;
import io.grpc.Server;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.inprocess.InProcessChannelBuilder;
import io.grpc.inprocess.InProcessServerBuilder;
import java.io.IOException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

final class IdentityServiceTest {
  private final Logger logger = (Logger) LoggerFactory.getLogger(IdentityService.class);
  private final ListAppender<ILoggingEvent> logged = new ListAppender<>();
  private volatile Health health = new Health.Ready();
  private Server server;
  private ManagedChannel channel;
  private IdentityGrpc.IdentityBlockingStub identity;

  @BeforeEach
  void serve() throws IOException {
    logged.start();
    logger.addAppender(logged);
    String name = InProcessServerBuilder.generateName();
    server =
        InProcessServerBuilder.forName(name)
            .directExecutor()
            .addService(new IdentityService("csi.rockpool.dev", "1.2.3", () -> health))
            .build()
            .start();
    channel = InProcessChannelBuilder.forName(name).directExecutor().build();
    identity = IdentityGrpc.newBlockingStub(channel);
  }

  @AfterEach
  void stop() {
    channel.shutdownNow();
    server.shutdownNow();
    logger.detachAppender(logged);
  }

  @Test
  void tellsItsNameAndVersion() {
    GetPluginInfoResponse info = identity.getPluginInfo(GetPluginInfoRequest.getDefaultInstance());

    assertThat(info.getName()).isEqualTo("csi.rockpool.dev");
    assertThat(info.getVendorVersion()).isEqualTo("1.2.3");
  }

  @Test
  void tellsWhatItCanDo() {
    var capabilities =
        identity
            .getPluginCapabilities(GetPluginCapabilitiesRequest.getDefaultInstance())
            .getCapabilitiesList();

    assertThat(capabilities)
        .filteredOn(capability -> capability.hasService())
        .extracting(capability -> capability.getService().getType())
        .containsExactlyInAnyOrder(
            Service.Type.CONTROLLER_SERVICE,
            Service.Type.VOLUME_ACCESSIBILITY_CONSTRAINTS,
            Service.Type.GROUP_CONTROLLER_SERVICE,
            Service.Type.SNAPSHOT_METADATA_SERVICE);
    assertThat(capabilities)
        .filteredOn(capability -> capability.hasVolumeExpansion())
        .extracting(capability -> capability.getVolumeExpansion().getType())
        .containsExactly(VolumeExpansion.Type.ONLINE);
  }

  @Test
  void isReadyWhenItCanServe() {
    assertThat(probe().getReady().getValue()).isTrue();
    assertThat(logged.list).isEmpty();
  }

  @Test
  void isNotReadyWhileItStartsAndLogsWhy() {
    health = new Health.Starting("pool \"fast\" is being opened");

    ProbeResponse answer = probe();

    assertThat(answer.hasReady()).isTrue();
    assertThat(answer.getReady().getValue()).isFalse();
    assertThat(logged.list)
        .extracting(ILoggingEvent::getFormattedMessage)
        .containsExactly("not ready: pool \"fast\" is being opened");
  }

  @Test
  void failsWithTheReasonWhenItIsNotHealthy() {
    health = new Health.Unhealthy("pool \"fast\" can't be read");

    Status status = catchThrowableOfType(StatusRuntimeException.class, this::probe).getStatus();

    assertThat(status.getCode()).isEqualTo(Status.Code.FAILED_PRECONDITION);
    assertThat(status.getDescription()).isEqualTo("pool \"fast\" can't be read");
  }

  @Test
  void isAskedAtEveryProbe() {
    health = new Health.Starting("pools are being opened");
    assertThat(probe().getReady().getValue()).isFalse();

    health = new Health.Ready();
    assertThat(probe().getReady().getValue()).isTrue();
  }

  private ProbeResponse probe() {
    return identity.probe(ProbeRequest.getDefaultInstance());
  }
}
