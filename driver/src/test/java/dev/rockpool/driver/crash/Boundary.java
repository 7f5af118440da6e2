package dev.rockpool.driver.crash;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * What {@link MarkedProgram} puts into the program. While it is armed the boundaries that threads
 * come to are counted, and at a given one the process is killed.
 *
 * <p>It is told what to do by files in the directory that a system property names: {@code arm}
 * holds the number of the fatal boundary, 0 = none; {@code disarm} ends it, and is answered by
 * {@code count}.
 */
@SuppressWarnings("restricted") // the launcher allows it: --enable-native-access
public final class Boundary {
  static final String DIRECTORY = "rockpool.boundaries";

  private static final int SIGKILL = 9;
  private static boolean armed;
  private static int passed;
  private static int fatal;

  static {
    @Nullable String directory = System.getProperty(DIRECTORY);
    if (directory != null) {
      Thread.ofPlatform().daemon().name("boundary").start(() -> obey(Path.of(directory)));
    }
  }

  private Boundary() {}

  /** A boundary; calls of this are what is put into the program's classes. */
  public static synchronized void at() {
    if (armed && ++passed == fatal) {
      die();
    }
  }

  private static synchronized void arm(int boundary) {
    fatal = boundary;
    passed = 0;
    armed = true;
  }

  /** How many were passed. Never answers while another thread dies at the fatal one. */
  private static synchronized int disarm() {
    armed = false;
    return passed;
  }

  private static void die() {
    MethodHandle raise =
        Linker.nativeLinker()
            .downcallHandle(
                Linker.nativeLinker().defaultLookup().findOrThrow("raise"),
                FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT));
    try {
      var _ = (int) raise.invokeExact(SIGKILL);
    } catch (Throwable e) {
      throw new IllegalStateException("raise(3) throws nothing", e);
    }
  }

  private static void obey(Path directory) {
    try {
      while (true) {
        Path arm = directory.resolve("arm");
        if (Files.exists(arm)) {
          arm(Integer.parseInt(Files.readString(arm)));
          Files.delete(arm);
        }
        Path disarm = directory.resolve("disarm");
        if (Files.exists(disarm)) {
          Path count = directory.resolve("count.tmp");
          Files.writeString(count, "" + disarm());
          Files.move(count, directory.resolve("count"));
          Files.delete(disarm);
        }
        LockSupport.parkNanos(500_000);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
