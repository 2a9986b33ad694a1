// What the calls on a TLS session come to.

/// What a handshake waits for.
package enum TLSProgress: Sendable, Equatable {
  /// It is complete; read and write may be called.
  case done
  /// Call again when the descriptor is readable.
  case wantsRead
  /// Call again when the descriptor is writable.
  case wantsWrite
  /// It failed for good.
  case failed(TLSFailure)
}

/// What a read came to.
package enum TLSReadResult: Sendable, Equatable {
  /// So many bytes, at least one. Read again if ``TLSSession/hasPending`` says so; else wait for
  /// the next readiness, edge- or level-triggered.
  case bytes(Int)
  /// Nothing now; call again when the descriptor is readable.
  case wantsRead
  /// Nothing now; call again when the descriptor is writable.
  case wantsWrite
  /// The peer sends no more: cleanly by a close_notify, or by closing the connection, which leaves
  /// open whether something was cut off.
  case ended(clean: Bool)
  /// The session is broken for good.
  case failed(TLSFailure)
}

/// What a write came to.
package enum TLSWriteResult: Sendable, Equatable {
  /// So many bytes are on their way, at least one. Fewer than given: wait for writability.
  case bytes(Int)
  /// Nothing was taken; call again with the same bytes when the descriptor is readable.
  case wantsRead
  /// Nothing was taken; call again with the same bytes when the descriptor is writable.
  case wantsWrite
  /// The session is broken for good. What the peer sent before may still be read, such as the
  /// alert that explains it.
  case failed(TLSFailure)
}
