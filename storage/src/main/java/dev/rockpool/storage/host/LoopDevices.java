package dev.rockpool.storage.host;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.rockpool.storage.StorageException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Attaches images to loop devices, and finds those that are. */
public final class LoopDevices {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Host host;

  public LoopDevices(Host host) {
    this.host = host;
  }

  /**
   * A loop device and what it serves.
   *
   * @param device the device
   * @param readOnly whether it refuses writes
   * @param autoclear whether it vanishes with its last user
   */
  public record Attached(LoopDevice device, boolean readOnly, boolean autoclear) {}

  /** The devices that serve this very file, whatever it is called by now. */
  public List<Attached> of(Path image) throws IOException {
    FileId file = FileId.of(image);
    List<Attached> found = new ArrayList<>();
    for (JsonNode entry : list()) {
      boolean same =
          entry.path("back-ino").asLong() == file.inode()
              && entry.path("back-maj:min").asText().strip().equals(file.majorMinor());
      if (same) {
        LoopDevice device = LoopDevice.ofPath(entry.path("name").asText()).orElseThrow();
        found.add(
            new Attached(
                device, entry.path("ro").asBoolean(), entry.path("autoclear").asBoolean()));
      }
    }
    return found;
  }

  private JsonNode list() {
    String output =
        host.run(
            Command.of(
                "losetup", "--list", "--json", "-O", "NAME,BACK-INO,BACK-MAJ:MIN,RO,AUTOCLEAR"));
    try {
      // Nothing at all is printed where there is no loop device.
      return output.isBlank() ? JSON.createArrayNode() : JSON.readTree(output).path("loopdevices");
    } catch (JsonProcessingException e) {
      throw new StorageException(
          StorageException.Reason.FAILED, "losetup --list --json printed no JSON", e);
    }
  }

  /**
   * Attaches the image to a free device, with direct I/O where its filesystem can do that.
   *
   * @param sectorBytes logical sector size of the device
   */
  public LoopDevice attach(Path image, boolean readOnly, int sectorBytes) {
    Command command =
        Command.of(
            "losetup", "--find", "--show", "--direct-io=on", "--sector-size", "" + sectorBytes);
    String printed =
        host.run((readOnly ? command.with("--read-only") : command).with(image.toString()));
    return LoopDevice.ofPath(printed.strip())
        .orElseThrow(() ->
            new StorageException(
                StorageException.Reason.FAILED, command + " printed no device: " + printed));
  }

  /**
   * Detaches the device; one that is in use vanishes with its last user.
   *
   * @throws CommandException if it can't be detached; not if it is not attached
   */
  public void detach(LoopDevice device) {
    try {
      host.run(Command.of("losetup", "--detach", device.toString()));
    } catch (CommandException e) {
      if (device.attached()) {
        throw e;
      }
    }
  }

  /** Lets the device have the size that its file has now. */
  public void resize(LoopDevice device) {
    host.run(Command.of("losetup", "--set-capacity", device.toString()));
  }
}
