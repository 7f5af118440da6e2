package dev.rockpool.storage;

/**
 * For whom something was made, as the orchestrator calls it: a claim, or a snapshot's object. It
 * decides nothing, and is there for people, and for an orchestrator that has forgotten.
 *
 * @param namespace that it is in
 * @param name within the namespace
 */
public record Requester(String namespace, String name) {
  @Override
  public String toString() {
    return namespace + "/" + name;
  }
}
