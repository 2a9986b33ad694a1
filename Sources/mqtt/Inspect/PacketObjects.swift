// `--json`: an object a line for each packet, with every field and property by name. Bytes that are
// not UTF-8 stand in base64 under a name that says so, as in recordings.

import Basis
import Capture
import Commands
import MQTTClient
import MQTTCodec
import Text

/// Writes packets as JSON.
final class PacketObjects: PacketTeller {
  private let showsSecrets: Bool
  private let showsPayload: Bool
  private var output = InspectOutput()
  private var isFirst = true

  init(_ options: InspectOptions) {
    showsSecrets = options.showsSecrets
    showsPayload = options.showsPayload
  }

  func tell(
    _ packet: CapturedPacket, _ bytes: Span<UInt8>, _ connection: ConnectionFacts,
    _ pairing: Pairing?
  ) {
    begin(packet.stamp, packet.direction, connection)
    if packet.firstFrame != packet.stamp.frame { member("first_frame", packet.firstFrame) }
    if let header = packet.header {
      member("type", header.type.name)
      member("size_bytes", header.packetLength)
    }
    member("version", connection.version.number)
    switch packet.content {
    case .publish(let view): publish(packet, view, bytes)
    case .packet(let content): write(content)
    case .malformed(let error):
      member("malformed", error.explanation)
      member("clause", error.statement)
      member("offset", error.offset)
    case .incomplete(let missing):
      for fact in PacketBeginning(packet, bytes, connection).facts { write(fact) }
      member("missing_bytes", missing)
    }
    if let pairing {
      member("answers_frame", pairing.frame)
      if let latency = pairing.latencyNanoseconds {
        member("latency_ms", raw: CFormat.text("%.6f", Double(latency) / 1e6))
      }
    }
    end()
  }

  func tell(_ event: ConnectionEvent, _ stamp: FrameStamp, _ connection: ConnectionFacts) {
    switch event {
    case .opened, .closed, .recognized, .retransmitted: return
    case .missing(let direction, let count):
      begin(stamp, direction, connection)
      member("event", "missing")
      member("count", count)
    case .resynchronized(let direction, let skipped):
      begin(stamp, direction, connection)
      member("event", "resynchronized")
      member("skipped_bytes", skipped)
    case .tls(let event):
      begin(stamp, nil, connection)
      member("event", "tls")
      tell(event, connection)
    case .webSocket:
      begin(stamp, nil, connection)
      member("event", "websocket")
      member(
        "text", (PacketText.line(event) ?? "") + PacketText.facts(event, connection))
    }
    end()
  }

  private func tell(_ event: TLSEvent, _ connection: ConnectionFacts) {
    member("text", (PacketText.line(.tls(event)) ?? "") + PacketText.facts(.tls(event), connection))
    guard let facts = connection.tls else { return }
    if let name = facts.serverName { member("server_name", name) }
    if let version = facts.version { member("tls_version", version) }
    if let suite = facts.cipherSuite { member("cipher_suite", suite) }
  }

  func tellEnd(_ watch: ProtocolWatch) {}

  func finish() { output.flush() }

  // MARK: Packets

  private func publish(_ packet: CapturedPacket, _ view: PublishView, _ bytes: Span<UInt8>) {
    guard let publish = PacketText.publish(packet, view, bytes) else { return }
    member("topic", publish.topic)
    if view.topicAlias != 0, view.topic.isEmpty { member("topic_is_alias", true) }
    member("qos", Int(publish.qos.rawValue))
    member("retain", publish.isRetained)
    member("dup", publish.isDuplicate)
    if let identifier = publish.packetIdentifier { member("id", Int(identifier.rawValue)) }
    member("payload_bytes", publish.payload.count)
    if showsPayload { member("payload", bytes: publish.payload) }
    properties(publish.properties)
  }

  private func write(_ fact: PacketBeginning.Fact) {
    switch fact {
    case .identifier(let number): member("id", number)
    case .qos(let level): member("qos", level)
    case .isDuplicate: member("dup", true)
    case .isRetained: member("retain", true)
    case .topic(let topic): member("topic", topic)
    case .filters(let filters):
      list("filters", filters) { self.output.buffer.append(jsonString: $0.utf8.span) }
    case .clientIdentifier(let name): member("client_identifier", name)
    case .cleanStart(let isClean): member("clean_start", isClean)
    case .keepAliveSeconds(let seconds): member("keep_alive_seconds", seconds)
    case .userName(let name): member("user", name)
    case .isSessionPresent: member("session_present", true)
    case .reason(let code): reason(code, .connack)
    case .properties(let found): properties(found)
    }
  }

  private func write(_ packet: Packet) {
    switch packet {
    case .connect(let connect): write(connect)
    case .connack(let connack):
      member("session_present", connack.isSessionPresent)
      reason(connack.reasonCode, .connack)
      properties(connack.properties)
    case .publish, .pingreq, .pingresp: break
    case .puback(let body), .pubrec(let body), .pubrel(let body), .pubcomp(let body):
      member("id", Int(body.packetIdentifier.rawValue))
      reason(body.reasonCode, packet.type)
      properties(body.properties)
    case .subscribe(let subscribe):
      member("id", Int(subscribe.packetIdentifier.rawValue))
      list("subscriptions", subscribe.subscriptions) { self.write($0) }
      properties(subscribe.properties)
    case .suback(let suback):
      member("id", Int(suback.packetIdentifier.rawValue))
      reasons(suback.reasonCodes, .suback)
      properties(suback.properties)
    case .unsubscribe(let unsubscribe):
      member("id", Int(unsubscribe.packetIdentifier.rawValue))
      list("filters", unsubscribe.filters) { self.output.buffer.append(jsonString: $0.utf8.span) }
      properties(unsubscribe.properties)
    case .unsuback(let unsuback):
      member("id", Int(unsuback.packetIdentifier.rawValue))
      reasons(unsuback.reasonCodes, .unsuback)
      properties(unsuback.properties)
    case .disconnect(let disconnect):
      reason(disconnect.reasonCode, .disconnect)
      properties(disconnect.properties)
    case .auth(let auth):
      reason(auth.reasonCode, .auth)
      properties(auth.properties)
    }
  }

  private func write(_ connect: Connect) {
    member("client_identifier", connect.clientIdentifier)
    member("clean_start", connect.cleanStart)
    member("keep_alive_seconds", Int(connect.keepAliveSeconds))
    if connect.isBridge { member("bridge", true) }
    if let userName = connect.userName { member("user", userName) }
    if let password = connect.password {
      member("password", bytes: showsSecrets ? password : Array("***".utf8))
    }
    if let will = connect.will {
      object("will") {
        self.member("topic", will.topic)
        self.member("qos", Int(will.qos.rawValue))
        self.member("retain", will.isRetained)
        self.member("payload_bytes", will.payload.count)
        if self.showsPayload { self.member("payload", bytes: will.payload) }
        self.properties(will.properties)
      }
    }
    properties(connect.properties)
  }

  private func write(_ subscription: Subscription) {
    let options = subscription.options
    brace {
      self.member("filter", subscription.filter)
      self.member("qos", Int(options.qos.rawValue))
      self.member("no_local", options.noLocal)
      self.member("retain_as_published", options.retainAsPublished)
      self.member("retain_handling", Int(options.retainHandling.rawValue))
    }
  }

  private func reason(_ code: ReasonCode, _ type: PacketType) {
    member("reason", Int(code.rawValue))
    member("reason_name", code.name(in: type))
  }

  private func reasons(_ codes: [ReasonCode], _ type: PacketType) {
    list("reasons", codes) { self.output.buffer.append(utf8: String($0.rawValue)) }
    list("reason_names", codes) {
      self.output.buffer.append(jsonString: $0.name(in: type).utf8.span)
    }
  }

  private func properties(_ properties: Properties) {
    if properties.isEmpty { return }
    name("properties")
    output.buffer.append(UInt8(ascii: "{"))
    properties.appendMembers(to: &output.buffer)
    output.buffer.append(UInt8(ascii: "}"))
  }

  // MARK: JSON

  private func begin(
    _ stamp: FrameStamp, _ direction: Direction?, _ connection: ConnectionFacts
  ) {
    output.buffer.append(UInt8(ascii: "{"))
    isFirst = true
    member("frame", stamp.frame)
    if let time = stamp.timeNanoseconds {
      member("time", TimeText.text(time, decimals: 9))
      member("elapsed_seconds", raw: CFormat.text("%.9f", Double(stamp.elapsedNanoseconds) / 1e9))
    }
    member("stream", connection.number)
    if let client = connection.clientIdentifier { member("client", client) }
    if let direction {
      member("direction", direction == .toServer ? "to-server" : "to-client")
    }
    let isToServer = direction != .toClient
    member("source", "\(isToServer ? connection.client : connection.server)")
    member("destination", "\(isToServer ? connection.server : connection.client)")
  }

  private func end() {
    output.buffer.append(utf8: "}\n")
    output.flushIfLarge()
  }

  private func name(_ name: String) {
    output.buffer.append(utf8: (isFirst ? "\"" : ",\"") + name + "\":")
    isFirst = false
  }

  private func member(_ name: String, raw value: String) {
    self.name(name)
    output.buffer.append(utf8: value)
  }

  private func member(_ name: String, _ number: Int) { member(name, raw: String(number)) }

  private func member(_ name: String, _ isTrue: Bool) {
    member(name, raw: isTrue ? "true" : "false")
  }

  private func member(_ name: String, _ text: String) {
    self.name(name)
    output.buffer.append(jsonString: text.utf8.span)
  }

  private func member(_ name: String, bytes: [UInt8]) {
    if !isFirst { output.buffer.append(UInt8(ascii: ",")) }
    isFirst = false
    output.buffer.append(member: name, bytes: bytes)
  }

  private func brace(_ body: () -> Void) {
    output.buffer.append(UInt8(ascii: "{"))
    isFirst = true
    body()
    output.buffer.append(UInt8(ascii: "}"))
    isFirst = false
  }

  private func object(_ name: String, _ body: () -> Void) {
    self.name(name)
    brace(body)
  }

  private func list<Element>(
    _ name: String, _ elements: [Element], _ body: (Element) -> Void
  ) {
    self.name(name)
    output.buffer.append(UInt8(ascii: "["))
    for (index, element) in elements.enumerated() {
      if index > 0 { output.buffer.append(UInt8(ascii: ",")) }
      body(element)
    }
    output.buffer.append(UInt8(ascii: "]"))
    isFirst = false
  }
}
