package dev.rockpool.identity;

import static dev.rockpool.proto.Answers.answer;

import com.google.protobuf.BoolValue;
import dev.rockpool.proto.csi.GetPluginCapabilitiesRequest;
import dev.rockpool.proto.csi.GetPluginCapabilitiesResponse;
import dev.rockpool.proto.csi.GetPluginInfoRequest;
import dev.rockpool.proto.csi.GetPluginInfoResponse;
import dev.rockpool.proto.csi.IdentityGrpc;
import dev.rockpool.proto.csi.PluginCapability;
import dev.rockpool.proto.csi.ProbeRequest;
import dev.rockpool.proto.csi.ProbeResponse;
import io.grpc.Status;
import io.grpc.stub.StreamObserver;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Who the driver is, what it can do, and whether it can do it now. */
public final class IdentityService extends IdentityGrpc.IdentityImplBase {
  private static final Logger log = LoggerFactory.getLogger(IdentityService.class);

  private final String name;
  private final String version;
  private final Supplier<Health> health;

  /**
   * @param name of the driver, as StorageClasses give it: a domain name of at most 63 characters
   *     that begins and ends with a letter
   * @param version of this program, not empty
   * @param health asked at every probe
   */
  public IdentityService(String name, String version, Supplier<Health> health) {
    this.name = name;
    this.version = version;
    this.health = health;
  }

  @Override
  public void getPluginInfo(
      GetPluginInfoRequest request, StreamObserver<GetPluginInfoResponse> reply) {
    answer(
        reply,
        () -> GetPluginInfoResponse.newBuilder().setName(name).setVendorVersion(version).build());
  }

  @Override
  public void getPluginCapabilities(
      GetPluginCapabilitiesRequest request, StreamObserver<GetPluginCapabilitiesResponse> reply) {
    answer(
        reply,
        () ->
            GetPluginCapabilitiesResponse.newBuilder()
                .addCapabilities(service(PluginCapability.Service.Type.CONTROLLER_SERVICE))
                .addCapabilities(
                    service(PluginCapability.Service.Type.VOLUME_ACCESSIBILITY_CONSTRAINTS))
                .addCapabilities(service(PluginCapability.Service.Type.GROUP_CONTROLLER_SERVICE))
                .addCapabilities(service(PluginCapability.Service.Type.SNAPSHOT_METADATA_SERVICE))
                .addCapabilities(onlineExpansion())
                .build());
  }

  private static PluginCapability service(PluginCapability.Service.Type type) {
    return PluginCapability.newBuilder()
        .setService(PluginCapability.Service.newBuilder().setType(type))
        .build();
  }

  private static PluginCapability onlineExpansion() {
    return PluginCapability.newBuilder()
        .setVolumeExpansion(
            PluginCapability.VolumeExpansion.newBuilder()
                .setType(PluginCapability.VolumeExpansion.Type.ONLINE))
        .build();
  }

  @Override
  public void probe(ProbeRequest request, StreamObserver<ProbeResponse> reply) {
    answer(
        reply,
        () ->
            switch (health.get()) {
              case Health.Ready _ -> ready(true);
              case Health.Starting(String reason) -> {
                log.info("not ready: {}", reason);
                yield ready(false);
              }
              case Health.Unhealthy(String reason) ->
                  throw Status.FAILED_PRECONDITION.withDescription(reason).asRuntimeException();
            });
  }

  private static ProbeResponse ready(boolean ready) {
    return ProbeResponse.newBuilder().setReady(BoolValue.of(ready)).build();
  }
}
