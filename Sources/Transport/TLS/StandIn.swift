// Stand-in until TLS is merged.
package final class TLSContext: Sendable {}
package struct TLSFailure: Error, Equatable, Sendable, CustomStringConvertible {
  package var description: String
}
package enum TLSProgress { case done, wantsRead, wantsWrite, failed(TLSFailure) }
package enum TLSReadResult { case bytes(Int), wantsRead, wantsWrite, ended(clean: Bool), failed(TLSFailure) }
package enum TLSWriteResult { case bytes(Int), wantsRead, wantsWrite, failed(TLSFailure) }
package struct TLSSession: ~Copyable {
  package init(server: TLSContext, descriptor: Int32) {}
  package init(client: TLSContext, descriptor: Int32, serverName: String?) {}
  package mutating func handshake() -> TLSProgress { .done }
  package mutating func read(into: UnsafeMutableRawBufferPointer) -> TLSReadResult { .wantsRead }
  package var hasPending: Bool { false }
  package mutating func write(_ bytes: UnsafeRawBufferPointer) -> TLSWriteResult { .wantsWrite }
  package mutating func shutdown() {}
  package var summary: String { "" }
}
