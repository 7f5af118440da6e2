package dev.rockpool.driver.registration;

import static dev.rockpool.proto.Answers.answer;

import dev.rockpool.proto.registration.InfoRequest;
import dev.rockpool.proto.registration.PluginInfo;
import dev.rockpool.proto.registration.RegistrationGrpc;
import dev.rockpool.proto.registration.RegistrationStatus;
import dev.rockpool.proto.registration.RegistrationStatusResponse;
import io.grpc.stub.StreamObserver;
import java.nio.file.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What kubelet asks on a socket that it finds in its plugins_registry directory: who is there, and
 * where its CSI socket is. Kubelet then calls the driver, and says here whether it took it in.
 */
public final class KubeletRegistration extends RegistrationGrpc.RegistrationImplBase {
  private static final Logger log = LoggerFactory.getLogger(KubeletRegistration.class);

  /** The only version of CSI that kubelet accepts here: it means all of 1.x. */
  private static final String VERSION = "1.0.0";

  private final String driver;
  private final Path endpoint;
  private final Runnable refused;

  /**
   * @param driver its name, as GetPluginInfo gives it
   * @param endpoint the CSI socket, as kubelet sees it
   * @param refused called when kubelet did not take the driver in; kubelet does not ask again until
   *     the socket is made anew
   */
  public KubeletRegistration(String driver, Path endpoint, Runnable refused) {
    this.driver = driver;
    this.endpoint = endpoint;
    this.refused = refused;
  }

  @Override
  public void getInfo(InfoRequest request, StreamObserver<PluginInfo> reply) {
    answer(
        reply,
        () ->
            PluginInfo.newBuilder()
                .setType("CSIPlugin")
                .setName(driver)
                .setEndpoint(endpoint.toString())
                .addSupportedVersions(VERSION)
                .build());
  }

  @Override
  public void notifyRegistrationStatus(
      RegistrationStatus status, StreamObserver<RegistrationStatusResponse> reply) {
    answer(reply, RegistrationStatusResponse::getDefaultInstance);
    if (status.getPluginRegistered()) {
      log.info("kubelet has registered {} at {}", driver, endpoint);
    } else {
      log.error("kubelet did not register {}: {}", driver, status.getError());
      refused.run();
    }
  }
}
