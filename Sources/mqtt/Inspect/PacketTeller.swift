// Who is told of the packets of a capture: the forms of output, all fed by one `Inspection`, which
// watches the protocol and leaves out what was not asked for.

import Capture
import Commands
import Text

/// A form of output.
protocol PacketTeller: AnyObject {
  /// A packet that was asked for, and the earlier one that it belongs to.
  func tell(
    _ packet: CapturedPacket, _ bytes: Span<UInt8>, _ connection: ConnectionFacts,
    _ pairing: Pairing?)
  /// An event that was asked for.
  func tell(_ event: ConnectionEvent, _ stamp: FrameStamp, _ connection: ConnectionFacts)
  /// A capture is over.
  func tellEnd(_ watch: ProtocolWatch)
  /// All captures are over.
  func finish()
}

/// From packets to what is told of them.
struct Inspection: PacketReceiver, ~Copyable {
  private let selection: PacketSelection
  private let tellers: [any PacketTeller]
  private var watch = ProtocolWatch()
  private(set) var hasErrors = false
  /// Whether a capture had nothing but connections whose content stays hidden.
  private(set) var isHidden = false
  /// Packets of this capture, and those of them that were told.
  private var packetCount = 0
  private var toldCount = 0

  init(_ selection: PacketSelection, _ tellers: [any PacketTeller]) {
    self.selection = selection
    self.tellers = tellers
  }

  mutating func receive(
    _ packet: CapturedPacket, _ bytes: Span<UInt8>, on connection: ConnectionFacts
  ) {
    packetCount += 1
    // Everything is watched: what is left out may explain what is shown.
    let pairing = watch.receive(packet, bytes, on: connection)
    if !selection.selects(packet, bytes, connection) { return }
    toldCount += 1
    for teller in tellers { teller.tell(packet, bytes, connection, pairing) }
  }

  mutating func receive(
    _ event: ConnectionEvent, _ stamp: FrameStamp, on connection: ConnectionFacts
  ) {
    watch.receive(event, stamp, on: connection)
    if !selection.selectsEvent(stamp, connection) { return }
    for teller in tellers { teller.tell(event, stamp, connection) }
  }

  /// A capture is over; the next one has nothing to do with it.
  ///
  /// Answers why nothing was told of it, where that is so.
  mutating func endCapture() -> String? {
    watch.finish()
    if watch.findings.contains(where: { $0.severity == .error && selection.selects($0) })
      || (watch.hasErrors && watch.omittedCount > 0)
    {
      hasErrors = true
    }
    for teller in tellers { teller.tellEnd(watch) }
    if watch.packetCount == 0, watch.hiddenConnectionCount > 0 { isHidden = true }
    defer {
      watch = ProtocolWatch()
      (packetCount, toldCount) = (0, 0)
    }
    if packetCount == 0 {
      let hidden = watch.hiddenConnectionCount
      if hidden == 0 { return "no packet of MQTT was found in it" }
      return "no packet of MQTT could be read in it: \(Counted.text(hidden, "connection")) of TLS "
        + "stay\(hidden == 1 ? "s" : "") hidden; --keylog names a file with the secrets"
    }
    if toldCount > 0 { return nil }
    return "of \(Counted.text(packetCount, "packet")) of MQTT none was asked for"
  }

  mutating func finish() {
    for teller in tellers { teller.finish() }
  }
}
