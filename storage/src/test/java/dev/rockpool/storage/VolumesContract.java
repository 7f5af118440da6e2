package dev.rockpool.storage;

import dev.rockpool.storage.VolumesFixture.Setup;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Timeout;

/**
 * What {@link Volumes} promises, by chapters. A test of an implementation extends this; one whose
 * pool several nodes have extends {@link SharedVolumesContract}.
 */
@Timeout(60)
public abstract class VolumesContract
    implements CreateContract,
        DeleteContract,
        ListContract,
        AttachContract,
        ExpandContract,
        CapacityContract,
        BusyContract {
  private Optional<VolumesFixture> fixture = Optional.empty();

  /** Makes the implementation with an empty pool. */
  protected abstract VolumesFixture open(Setup setup) throws Exception;

  @BeforeEach
  final void openAsUsual() throws Exception {
    fixture = Optional.of(open(Setup.USUAL));
  }

  @AfterEach
  final void closeFixture() {
    fixture.ifPresent(VolumesFixture::close);
  }

  @Override
  public final VolumesFixture fixture() {
    return fixture.orElseThrow();
  }

  @Override
  public final void openWith(Setup setup) throws Exception {
    closeFixture();
    fixture = Optional.empty();
    fixture = Optional.of(open(setup));
  }
}
