package dev.rockpool.driver.cli;

import picocli.CommandLine.IVersionProvider;

/** The version of this build, as its jar has it. */
final class Version implements IVersionProvider {
  static String current() {
    String version = Version.class.getPackage().getImplementationVersion();
    return version == null ? "unpackaged" : version;
  }

  @Override
  public String[] getVersion() {
    return new String[] {"rockpool " + current()};
  }
}
