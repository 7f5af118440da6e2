package dev.rockpool.driver.standalone;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.concurrent.TimeUnit;

/**
 * A file whose reader waits until there is something to read, as on a filesystem that hangs: a
 * named pipe.
 */
final class SlowFile {
  private final Path path;

  private SlowFile(Path path) {
    this.path = path;
  }

  static SlowFile make(Path path) throws IOException, InterruptedException {
    Process mkfifo = new ProcessBuilder("mkfifo", path.toString()).inheritIO().start();
    assertThat(mkfifo.waitFor(10, TimeUnit.SECONDS)).isTrue();
    assertThat(mkfifo.exitValue()).isZero();
    return new SlowFile(path);
  }

  /** Makes it a file with this content, which also its reader gets now. */
  void become(byte[] content) throws IOException {
    Path file = Files.write(path.resolveSibling("became.tmp"), content);
    try (OutputStream pipe = Files.newOutputStream(path)) {
      Files.move(file, path, StandardCopyOption.ATOMIC_MOVE);
      pipe.write(content);
    }
  }
}
