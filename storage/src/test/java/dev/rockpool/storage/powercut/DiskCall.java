package dev.rockpool.storage.powercut;

import java.nio.ByteBuffer;
import java.nio.file.Path;

/** What one system call does to files and directories, or to what of them is lasting. */
public sealed interface DiskCall {

  /** Opens the file for writing; it is made if it is not there. */
  record Open(Path file, boolean truncated) implements DiskCall {}

  record MakeDirectory(Path directory) implements DiskCall {}

  record Write(Path file, long at, ByteBuffer bytes) implements DiskCall {}

  /** The file ends there from now on; what is new in it reads as zeros. */
  record Truncate(Path file, long size) implements DiskCall {}

  /** The range reads as zeros from now on. */
  record Zero(Path file, long at, long bytes, boolean keepsSize) implements DiskCall {}

  /** The file has space for the range, and reaches to its end. */
  record Allocate(Path file, long at, long bytes) implements DiskCall {}

  /** The range of one file gets the content of another one's. */
  record Copy(Path from, long fromAt, Path to, long at, long bytes) implements DiskCall {}

  /** The file gets the whole content of another one. */
  record Clone(Path from, Path to) implements DiskCall {}

  record Rename(Path from, Path to) implements DiskCall {}

  record Remove(Path path) implements DiskCall {}

  /** What was done to the file, or to the entries of the directory, is lasting. */
  record Sync(Path path) implements DiskCall {}

  /** Everything that was done is lasting. */
  record SyncAll() implements DiskCall {}

  /** The process told something on its standard output. */
  record Say(String text) implements DiskCall {}
}
