package dev.rockpool.driver.observe;

import io.grpc.Status;
import java.time.Duration;

/** Told of every call, for metrics. Each call begins once and ends once. */
public interface RpcObserver {
  /** For when nobody measures. */
  RpcObserver NONE =
      new RpcObserver() {
        @Override
        public void began() {}

        @Override
        public void ended(String method, Status.Code code, Duration took) {}
      };

  void began();

  /**
   * @param method without its service, such as {@code CreateVolume}
   * @param code what the caller got; CANCELLED if it had gone before
   */
  void ended(String method, Status.Code code, Duration took);
}
