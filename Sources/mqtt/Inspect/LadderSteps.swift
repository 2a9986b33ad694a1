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

extension LadderStep {
  /// Columns of a topic that still tell something.
  private static let leastTopicWidth = 8

  /// The label within so many columns: first the topic loses its middle, then what follows it goes,
  /// and at last the end of everything.
  func label(within width: Int) -> String {
    if label.columnCount <= width { return label }
    if let first = label.firstIndex(of: "\""), let last = label.lastIndex(of: "\""), first < last {
      let front = label[...first]
      let topic = label[label.index(after: first)..<last]
      for back in [label[last...], "\""] {
        let room = width - front.columnCount - back.columnCount
        if room >= Self.leastTopicWidth { return front + topic.shortened(to: room) + back }
      }
    }
    return label.prefix(ofColumns: width - 1) + "…"
  }
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
  /// Places of clients whose identifier is not known, or not yet, by the number of their connection.
  private var unnamedPlaces: [Int: Int] = [:]
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
    guard steps.count < Self.stepLimit, let client = place(of: connection),
      let broker = place("broker \(connection.server)", isBroker: true)
    else {
      omittedCount += 1
      return
    }
    let isToServer = packet.direction == .toServer
    var words = text.line(packet, bytes, connection)
    if let latency = pairing?.latencyNanoseconds, let pairing {
      words += " (\(PacketText.duration(latency)) after frame \(pairing.frame))"
    }
    steps.append(
      LadderStep(
        frame: packet.stamp.frame, elapsedNanoseconds: packet.stamp.elapsedNanoseconds,
        from: isToServer ? client : broker, to: isToServer ? broker : client,
        type: packet.header?.type, label: brief.line(packet, bytes, connection), text: words,
        answers: pairing?.frame))
  }

  /// The place of a connection's client; nil when there is no room for it.
  ///
  /// A broker may give the name only in its answer: what stands there under an address until then
  /// becomes the client of that name.
  private mutating func place(of connection: ConnectionFacts) -> Int? {
    let name = connection.clientName
    if let unnamed = unnamedPlaces[connection.number], connection.clientIdentifier != nil {
      unnamedPlaces[connection.number] = nil
      places[End(name: names[unnamed], isBroker: false)] = nil
      if let known = places[End(name: name, isBroker: false)] {
        join(unnamed, to: known)
      } else {
        names[unnamed] = name
        places[End(name: name, isBroker: false)] = unnamed
      }
    }
    let place = place(name)
    if connection.clientIdentifier == nil { unnamedPlaces[connection.number] = place }
    return place
  }

  /// Draws at `known` what was to be drawn at `place`, which goes.
  private mutating func join(_ place: Int, to known: Int) {
    func moved(_ old: Int) -> Int {
      let new = old == place ? known : old
      return new > place ? new - 1 : new
    }
    for index in steps.indices {
      (steps[index].from, steps[index].to) = (moved(steps[index].from), moved(steps[index].to))
    }
    names.remove(at: place)
    places = places.mapValues(moved)
    unnamedPlaces = unnamedPlaces.mapValues(moved)
  }

  /// The place of an end; nil when there is no room for it.
  ///
  /// Ends stand in the order in which they appear, so that a broker is beside its first client. A
  /// broker is an address with a port: two ports may be two listeners of one broker or two brokers on
  /// one machine, and the capture does not tell. A client may call itself what a broker is called
  /// here: it stands by itself all the same.
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
