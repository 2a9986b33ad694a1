// The sequence of packets between the clients and the broker, as it is drawn in text and as a page:
// who stands where, and who said what to whom.

import Capture
import Commands
import MQTTCodec

/// One arrow.
struct LadderStep {
  var frame: Int
  var elapsedNanoseconds: Int64
  var from: Int
  var to: Int
  var type: PacketType?
  /// What stands at the arrow.
  var label: String
  /// All that there is to say.
  var text: String
  /// Which message it belongs to: the frame of the packet that it answers.
  var answers: Int?
}

/// Gathers arrows.
struct LadderSteps {
  /// Arrows and ends that are drawn; more are counted.
  private static let stepLimit = 20_000
  private static let endLimit = 40

  private struct End: Hashable {
    var name: String
    var isBroker: Bool
  }

  private(set) var names: [String] = []
  private(set) var steps: [LadderStep] = []
  private(set) var omittedCount = 0
  private var places: [End: Int] = [:]
  private let text: PacketText
  private let brief: PacketText

  init(_ options: InspectOptions) {
    text = PacketText(options)
    var brief = options
    brief.showsPayload = false
    self.brief = PacketText(brief)
  }

  mutating func add(
    _ packet: CapturedPacket, _ bytes: Span<UInt8>, _ connection: ConnectionFacts,
    _ pairing: Pairing?
  ) {
    guard steps.count < Self.stepLimit, let client = place(connection.clientName),
      let broker = place("broker \(connection.server)", isBroker: true)
    else {
      omittedCount += 1
      return
    }
    let isToServer = packet.direction == .toServer
    var words = text.line(packet, bytes)
    if let latency = pairing?.latencyNanoseconds, let pairing {
      words += " (\(PacketText.duration(latency)) after frame \(pairing.frame))"
    }
    steps.append(
      LadderStep(
        frame: packet.stamp.frame, elapsedNanoseconds: packet.stamp.elapsedNanoseconds,
        from: isToServer ? client : broker, to: isToServer ? broker : client,
        type: packet.header?.type, label: brief.line(packet, bytes), text: words,
        answers: pairing?.frame))
  }

  /// Ends stand in the order in which they appear, so that a broker is beside its first client.
  ///
  /// A client may call itself what a broker is called here: it stands by itself all the same.
  private mutating func place(_ name: String, isBroker: Bool = false) -> Int? {
    let end = End(name: name, isBroker: isBroker)
    if let known = places[end] { return known }
    if names.count >= Self.endLimit { return nil }
    places[end] = names.count
    names.append(name)
    return names.count - 1
  }

  /// What is not drawn; nil when that is nothing.
  var remark: String? {
    omittedCount == 0
      ? nil
      : "\(omittedCount) more packets are not drawn: at most \(Self.stepLimit) packets of "
        + "\(Self.endLimit) ends are; --client, --topic and --where choose"
  }
}
