package dev.rockpool.driver;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.core.importer.Location;

/** Leaves out what protoc writes: no rule of ours binds it. */
final class WithoutGenerated implements ImportOption {
  @Override
  public boolean includes(Location location) {
    return !location.contains("/dev/rockpool/proto/csi/")
        && !location.contains("/dev/rockpool/proto/registration/");
  }
}
