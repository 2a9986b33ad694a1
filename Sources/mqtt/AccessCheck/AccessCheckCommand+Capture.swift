// Captures against rules: `replay` says what a file of rules would have denied of a capture, and
// `suggest` writes the file that allows it and as little as possible beyond it.

import AccessControl
import Capture
import Commands
import Glibc
import MQTTCodec
import Text
import Transport

/// What clients do in captures, each thing once.
private struct AccessObserver: PacketReceiver, ~Copyable {
  /// Different things that are kept.
  private static let limit = 1_000_000

  struct Count {
    var frame: Int
    var times: Int
  }

  private var counts: [ObservedAccess: Count] = [:]
  private(set) var order: [ObservedAccess] = []
  /// The user names of the connections, by their numbers.
  private var users: [Int: String] = [:]
  private(set) var isFull = false
  /// Packets of connections whose CONNECT is not in the capture.
  private(set) var unknownCount = 0

  subscript(access: ObservedAccess) -> Count { counts[access] ?? Count(frame: 0, times: 0) }

  mutating func endCapture() { users = [:] }

  mutating func receive(
    _ packet: CapturedPacket, _ bytes: Span<UInt8>, on connection: ConnectionFacts
  ) {
    switch packet.content {
    case .publish(let view):
      let topic = packet.aliasedTopic ?? String(validated: bytes, view.topic)
      if topic.isEmpty { return }
      note(packet.direction == .toServer ? .publish : .deliver, topic, packet, connection)
    case .packet(.connect(let connect)):
      if users.count < Self.limit { users[connection.number] = connect.userName }
      if let will = connect.will { note(.publish, will.topic, packet, connection) }
    case .packet(.subscribe(let subscribe)):
      for subscription in subscribe.subscriptions {
        note(.subscribe, subscription.filter, packet, connection)
      }
    case .packet(.unsubscribe(let unsubscribe)):
      for filter in unsubscribe.filters { note(.unsubscribe, filter, packet, connection) }
    case .packet, .malformed, .incomplete: return
    }
  }

  private mutating func note(
    _ action: AccessAction, _ topic: String, _ packet: CapturedPacket,
    _ connection: ConnectionFacts
  ) {
    guard case .connect = connection.evidence else {
      unknownCount += 1
      return
    }
    let access = ObservedAccess(
      userName: users[connection.number].flatMap { $0.isEmpty ? nil : $0 },
      clientIdentifier: connection.clientIdentifier ?? "", action: action, topic: topic)
    if counts[access] == nil {
      if counts.count >= Self.limit {
        isFull = true
        return
      }
      order.append(access)
    }
    counts[access, default: Count(frame: packet.stamp.frame, times: 0)].times += 1
  }

  mutating func receive(
    _ event: ConnectionEvent, _ stamp: FrameStamp, on connection: ConnectionFacts
  ) {}
}

extension AccessCheckCommand {
  func replay() throws(AccessCheckFailure) -> Int32 {
    let rules = try rules(options.rulesFile)
    let observer = try observe()
    var denied = 0
    for access in observer.order {
      let decision = access.decision(by: rules)
      if decision.isAllowed { continue }
      denied += 1
      let location = rules.location(of: decision)
      let count = observer[access]
      if options.writesJSON {
        tell([
          .init("user", .text(access.userName)), .init("client", .text(access.clientIdentifier)),
          .init("action", .text(word(access.action))), .init("topic", .text(access.topic)),
          .init("allowed", .truth(false)), .init("times", .number(Double(count.times))),
          .init("frame", .number(Double(count.frame))), .init("file", .text(location?.file)),
          .init("line", location.map { .number(Double($0.line)) } ?? .null),
          .init("reason", .text(rules.reason(for: decision))),
        ])
      } else {
        let place = location.map { " \($0)" } ?? ""
        // One that has none is not called by an empty name.
        let name = access.clientIdentifier
        let client = name.isEmpty ? "" : " client=\(name)"
        tell(
          "DENY\(place): \(access.userName ?? "-")\(client) "
            + "\(word(access.action)) \(access.topic), \(times(count.times)), first in frame "
            + "\(count.frame): \(rules.reason(for: decision))")
      }
    }
    if !options.writesJSON {
      let count = observer.order.count
      tell("\(count == 1 ? "1 access" : "\(count) different accesses"), \(denied) denied")
    }
    return denied == 0 ? ExitStatus.success : ExitStatus.failure
  }

  func suggest() throws(AccessCheckFailure) -> Int32 {
    let observer = try observe()
    let suggestion = SuggestedAccess(for: observer.order)
    Terminal.write(suggestion.text, to: STDOUT_FILENO)
    return suggestion.impossible.isEmpty ? ExitStatus.success : ExitStatus.failure
  }

  private func observe() throws(AccessCheckFailure) -> AccessObserver {
    var observer = AccessObserver()
    do throws(SystemError) {
      let reading = try CaptureReading(keyLogs: options.keyLogs)
      for path in options.captureFiles {
        if let fault = try reading.read(path, into: &observer) {
          remark(true, "\(path): \(fault)")
        }
        observer.endCapture()
      }
    } catch {
      throw AccessCheckFailure(description: "mqtt acl-check: \(error)")
    }
    remark(
      observer.unknownCount > 0,
      "nothing is said of \(Counted.text(observer.unknownCount, "packet")) of clients whose CONNECT is "
        + "not in the capture")
    remark(
      observer.isFull,
      "the capture holds more different accesses than are kept; later ones are left out")
    return observer
  }

  private func remark(_ holds: Bool, _ text: String) {
    if holds { Terminal.write("mqtt acl-check: \(text)\n", to: STDERR_FILENO) }
  }

  private func times(_ count: Int) -> String { count == 1 ? "once" : "\(count) times" }
}
