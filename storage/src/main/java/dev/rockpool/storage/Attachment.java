package dev.rockpool.storage;

/**
 * A holder of a volume: a node to which it is published, how, and what the node may do with it.
 *
 * @param node the node that holds the volume
 * @param mode the access mode it was published with
 * @param access what the holder may do: read-only if the mode or the request's flag says so
 */
public record Attachment(NodeId node, AccessMode mode, Access access) {}
