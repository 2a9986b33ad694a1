// Which version is spoken, when the CONNECT that says so was not captured. Most packets of 3.1.1 and
// 5.0 differ so that only one reading is legal; a PUBLISH with a payload that can be read both ways
// is taken for 5.0, for in 3.1.1 its payload would begin with what happens to be a property list.

import MQTTCodec

extension ConnectionFacts {
  /// Takes what a packet says about the version.
  mutating func infer(
    from packet: Span<UInt8>, _ header: FixedHeader, _ direction: Direction, frame: Int
  ) {
    switch evidence {
    case .connect, .onlyReading: return
    case .none, .betterReading: break
    }
    let reads311 = PacketStream.reads(packet, header, .v311, direction)
    let reads5 = PacketStream.reads(packet, header, .v5, direction)
    if reads311 != reads5 {
      version = reads5 ? .v5 : .v311
      evidence = .onlyReading(header.type, frame: frame)
    } else if reads5, evidence == .none, header.type == .publish {
      version = .v5
      evidence = .betterReading(header.type, frame: frame)
    }
  }
}
