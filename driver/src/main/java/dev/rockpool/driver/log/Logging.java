package dev.rockpool.driver.log;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.Configurator;
import ch.qos.logback.classic.spi.ConfiguratorRank;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.ConsoleAppender;
import ch.qos.logback.core.encoder.LayoutWrappingEncoder;
import ch.qos.logback.core.spi.ContextAwareBase;
import java.nio.charset.StandardCharsets;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.bridge.SLF4JBridgeHandler;

/**
 * Logback's configuration. In code, since a file would bring in an XML parser that nothing else
 * here needs; logback finds it as a service.
 */
@ConfiguratorRank(ConfiguratorRank.CUSTOM_NORMAL_PRIORITY)
public final class Logging extends ContextAwareBase implements Configurator {

  @Override
  public ExecutionStatus configure(LoggerContext logback) {
    LineLayout layout = new LineLayout();
    layout.setContext(logback);
    layout.start();
    LayoutWrappingEncoder<ILoggingEvent> encoder = new LayoutWrappingEncoder<>();
    encoder.setContext(logback);
    encoder.setLayout(layout);
    encoder.setCharset(StandardCharsets.UTF_8);
    encoder.start();
    ConsoleAppender<ILoggingEvent> console = new ConsoleAppender<>();
    console.setContext(logback);
    // Standard output is for what a command was asked for.
    console.setTarget("System.err");
    console.setEncoder(encoder);
    console.start();
    logback.getLogger(Logger.ROOT_LOGGER_NAME).addAppender(console);
    setLevel(logback, Level.INFO);
    return ExecutionStatus.DO_NOT_INVOKE_NEXT_IF_ANY;
  }

  /** Says so much from now on, and takes in what gRPC logs. */
  public static void use(org.slf4j.event.Level verbosity) {
    if (LoggerFactory.getILoggerFactory() instanceof LoggerContext logback) {
      setLevel(logback, Level.convertAnSLF4JLevel(verbosity));
    }
    if (!SLF4JBridgeHandler.isInstalled()) {
      SLF4JBridgeHandler.removeHandlersForRootLogger();
      SLF4JBridgeHandler.install();
    }
  }

  private static void setLevel(LoggerContext logback, Level level) {
    logback.getLogger(Logger.ROOT_LOGGER_NAME).setLevel(level);
    // They would log every frame, and with it the secrets of a request.
    Level others = level.isGreaterOrEqual(Level.WARN) ? level : Level.WARN;
    logback.getLogger("io.netty").setLevel(others);
    logback.getLogger("io.grpc").setLevel(others);
  }
}
