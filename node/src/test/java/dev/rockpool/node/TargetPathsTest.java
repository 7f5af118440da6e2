package dev.rockpool.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.rockpool.storage.StorageException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.assertj.core.api.AbstractStringAssert;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class TargetPathsTest {
  @TempDir private Path temporary;
  private Path root;

  @BeforeEach
  void makeRoot() throws IOException {
    root = Files.createDirectory(temporary.toRealPath().resolve("root"));
  }

  @Test
  void aPathBelowOneOfTheRootsIsAllowedWhetherItExistsOrNot() throws IOException {
    Path other = Files.createDirectory(root.resolveSibling("other"));
    TargetPaths paths = new TargetPaths(List.of(root, other));
    Files.createDirectory(root.resolve("there"));

    for (Path path : List.of(root.resolve("there"), root.resolve("a/b/c"), other.resolve("x"))) {
      assertThat(paths.check(path.toString(), "target_path")).isEqualTo(path);
    }
    assertThat(paths.check(root + "//a///b/", "target_path")).isEqualTo(root.resolve("a/b"));
    assertThat(paths.check(root + "/..a/...", "target_path")).isEqualTo(root.resolve("..a/..."));
  }

  @Test
  void aRootMayBeASymlinkAndIsResolved() throws IOException {
    Path link = Files.createSymbolicLink(root.resolveSibling("link"), root);

    assertThat(new TargetPaths(List.of(link)).check(link + "/a", "target_path"))
        .isEqualTo(root.resolve("a"));
  }

  @Test
  void whatOnlyBeginsLikeARootIsNotBelowIt() {
    TargetPaths paths = new TargetPaths(List.of(root));

    assertInvalid(paths, root + "-else/x").contains("is not below [" + root + "]");
    assertInvalid(paths, root.toString()).contains("is not below");
    assertInvalid(paths, "/").contains("is not below");
  }

  @Test
  void whatIsNoCleanAbsolutePathIsInvalid() {
    TargetPaths paths = new TargetPaths(List.of(root));

    assertInvalid(paths, "a").contains("is not absolute");
    assertInvalid(paths, root + "/a/../b").contains("\"..\"");
    assertInvalid(paths, root + "/./b").contains("\".\"");
    assertInvalid(paths, root + "/a\u0000b").contains("is not a path").doesNotContain("\u0000");
  }

  @Test
  void aSymlinkAnywhereInThePathIsNamed() throws IOException {
    TargetPaths paths = new TargetPaths(List.of(root));
    Path directory = Files.createDirectory(root.resolve("directory"));
    Path link = Files.createSymbolicLink(root.resolve("link"), directory);
    Path dangling = Files.createSymbolicLink(directory.resolve("dangling"), Path.of("nowhere"));

    assertInvalid(paths, link.toString()).contains("leads through the symlink " + link);
    assertInvalid(paths, link + "/a").contains("leads through the symlink " + link);
    assertInvalid(paths, dangling.toString()).contains("leads through the symlink " + dangling);
  }

  @Test
  void aPathThatNoFileCanHaveIsInvalid() throws IOException {
    TargetPaths paths = new TargetPaths(List.of(root));
    Path file = Files.createFile(root.resolve("file"));

    assertThat(paths.check(file.toString(), "target_path")).isEqualTo(file);
    assertInvalid(paths, file + "/file").contains("leads through " + file);
    String name = "\u00e4".repeat(127) + "a";
    assertThat(paths.check(root + "/" + name, "target_path")).isEqualTo(root.resolve(name));
    assertInvalid(paths, root + "/" + name + "a").contains("more than 255 bytes");
    String longest = root + "/a".repeat(4096).substring(0, 4095 - root.toString().length());
    assertThat(paths.check(longest, "target_path")).isEqualTo(Path.of(longest));
    assertInvalid(paths, longest + "/a").contains("more than 4095 bytes").hasSizeLessThan(500);
  }

  @Test
  void aRootThatIsMissingIsNamed() throws IOException {
    Files.delete(root);

    assertInvalid(new TargetPaths(List.of(root)), root + "/a").contains("the root " + root);
  }

  private static AbstractStringAssert<?> assertInvalid(TargetPaths paths, String path) {
    StorageException thrown =
        catchThrowableOfType(StorageException.class, () -> paths.check(path, "target_path"));
    assertThat(thrown).as("refused").isNotNull();
    assertThat(thrown.reason()).isEqualTo(StorageException.Reason.INVALID);
    return assertThat(thrown.getMessage()).startsWith("target_path");
  }
}
