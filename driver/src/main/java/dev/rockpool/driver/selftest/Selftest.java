package dev.rockpool.driver.selftest;

import dev.rockpool.driver.selftest.Steps.Ended;
import dev.rockpool.proto.csi.GetPluginInfoRequest;
import dev.rockpool.proto.csi.GetPluginInfoResponse;
import dev.rockpool.storage.Contents;
import io.grpc.Context;
import java.io.IOException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Consumer;

/** Uses a running driver as an orchestrator would, and takes away again what it made. */
public final class Selftest {
  private final SelftestConfig config;
  private final Consumer<StepResult> results;
  private final Context.CancellableContext context = Context.ROOT.withCancellation();

  /**
   * @param results is told of each step when it has ended
   */
  public Selftest(SelftestConfig config, Consumer<StepResult> results) {
    this.config = config;
    this.results = results;
  }

  /**
   * Does all steps.
   *
   * @throws IOException if the work directory can't be made
   */
  public void run() throws IOException {
    boolean made = !Files.exists(config.workDirectory());
    Files.createDirectories(config.workDirectory());
    // The driver refuses paths with symlinks in them.
    Path directory = config.workDirectory().toRealPath();
    context.run(() -> walk(directory));
    if (made) {
      try {
        Files.deleteIfExists(directory);
      } catch (DirectoryNotEmptyException e) {
        // What is left was reported as a failure of the step that should have removed it.
      }
    }
  }

  /** Ends the steps early; what was made is still taken away. */
  public void cancel() {
    context.cancel(null);
  }

  /** Whether it was ended early. */
  public boolean cancelled() {
    return context.isCancelled();
  }

  private void walk(Path directory) {
    try (Node node = new Node(config.endpoint());
        OptionalNode second = new OptionalNode(config.secondEndpoint().map(Node::new))) {
      Steps greeting = new Steps("driver", results);
      greeting.run("answers and is ready", () -> greet(node));
      if (second.node().isPresent()) {
        greeting.run("second node is ready", () -> greet(second.node().get()));
      }
      for (Contents contents : config.contents()) {
        if (!context.isCancelled()) {
          walk(contents, node, second.node(), directory);
        }
      }
    } catch (Ended e) {
      // reported already
    }
  }

  private void walk(Contents contents, Node node, Optional<Node> second, Path directory) {
    String group = contents.name().toLowerCase(Locale.ROOT);
    String name =
        "selftest-"
            + group
            + "-"
            + Long.toHexString(ThreadLocalRandom.current().nextLong(1L << 32));
    Path own = directory.resolve(name);
    new Journey(
            new Steps(group, results),
            new TestVolume(name, contents, config.parameters()),
            node,
            second,
            own)
        .walk();
    try {
      Files.deleteIfExists(own);
    } catch (IOException e) {
      results.accept(
          new StepResult(
              group,
              "leave nothing",
              StepResult.Outcome.FAILED,
              0,
              "left over: " + e.getMessage()));
    }
  }

  private static String greet(Node node) throws Exception {
    node.awaitReady();
    GetPluginInfoResponse info =
        node.identity().getPluginInfo(GetPluginInfoRequest.getDefaultInstance());
    return info.getName() + " " + info.getVendorVersion() + ", node " + node.id();
  }

  /** So that one try closes both. */
  private record OptionalNode(Optional<Node> node) implements AutoCloseable {
    @Override
    public void close() {
      node.ifPresent(Node::close);
    }
  }
}
