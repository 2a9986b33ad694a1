// The packets of a connection as they were sent and received, for an owner that shows them.

import Basis
import MQTTCodec

extension ClientSession {
  /// Hands over the packets sent and received since the last call, in order.
  package mutating func takeTraces() -> [PacketTrace] {
    defer { traces.removeAll(keepingCapacity: true) }
    return traces
  }

  mutating func traceReceived(_ header: FixedHeader) {
    guard let packet = try? decode(header) else { return }
    traces.append(
      PacketTrace(direction: .toClient, packet: packet, size: header.packetLength))
  }

  mutating func traceSent(from start: Int) {
    traces.append(sentTrace(outbox.span.extracting(start..<outbox.count)))
  }

  private func sentTrace(_ bytes: Span<UInt8>) -> PacketTrace {
    do throws(DecodeError) {
      if let header = try FixedHeader.read(bytes, at: 0, packetSizeLimit: .max) {
        let packet = try Packet.decode(bytes, header, version: version, direction: .toServer)
        return PacketTrace(direction: .toServer, packet: packet, size: bytes.count)
      }
    } catch {
      preconditionFailure("sent a packet that is none: \(error)")
    }
    preconditionFailure("sent less than a packet")
  }
}
