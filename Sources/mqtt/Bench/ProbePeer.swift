// One client that asks one thing after the other and waits for each answer. Every answer is nil, or
// the words for why not.

import Basis
import Bench
import Commands
import MQTTClient
import MQTTCodec
import MQTTSession
import Transport

final class ProbePeer {
  let loop: PeerLoop
  private(set) var connack: Connack?
  private(set) var messages: [Publish] = []
  private var answers = 0
  private var answer: ReasonCode?
  private var failure: String?

  /// Connects; with `session` to a session of that client identifier that lasts.
  init(
    _ options: BenchOptions, _ endpoint: Endpoint, _ version: ProtocolVersion,
    session: String? = nil
  ) throws(StartFailure) {
    loop = try PeerLoop()
    var connection = options.connection
    connection.version = .exactly(version)
    connection.inFlightLimit = max(1, connection.inFlightLimit)
    connection.clientIdentifierPrefix = nil
    if let session {
      connection.clientIdentifier = session
      connection.cleanStart = false
      connection.sessionExpirySeconds = 60
    } else if let base = connection.clientIdentifier {
      connection.clientIdentifier = base + "-\(UInt16.random(in: 0 ... .max))"
    }
    var settings = try connection.settings(keepsSession: false)
    settings.connackTimeoutSeconds = 5
    loop.handle = { [unowned self] _, event, _ in self.take(event) }
    _ = loop.add(settings, endpoint, reconnects: false)
    loop.run(upToSeconds: 6) { self.connack != nil || self.failure != nil }
  }

  var isConnected: Bool { connack != nil }

  /// Why it is not connected.
  var refusal: String { failure ?? "no answer" }

  private func take(_ event: Client.Event) {
    switch event {
    case .session(.connected(let connack)): self.connack = connack
    case .session(.subscribed(let suback)):
      answers += 1
      answer = suback.reasonCodes.first
    case .session(.published(_, let acknowledgement)):
      answers += 1
      answer = acknowledgement.reasonCode
    case .session(.message(let message)):
      messages.append(loop.clients[0].session.publish(message))
    case .failed(let reason), .lost(let reason, _): failure = "\(reason)"
    case .session(.authentication), .session(.unsubscribed), .session(.pingAnswered),
      .session(.ended), .disconnected:
      break
    }
  }

  /// Nil when granted.
  func subscribe(_ filter: String, qos: QoS, _ seconds: Double) -> String? {
    guard isConnected, failure == nil else { return refusal }
    let subscription = Subscription(filter: filter, options: SubscriptionOptions(qos: qos))
    let before = answers
    do throws(RequestFault) {
      _ = try loop.clients[0].session.subscribe([subscription], now: MonotonicClock.now)
    } catch {
      return error.explanation
    }
    return waitForAnswer(before, .suback, seconds)
  }

  /// Nil when the broker has taken it; at QoS 0 when it went out.
  func publish(
    _ topic: String, _ payload: [UInt8], qos: QoS, isRetained: Bool = false,
    properties: Properties = Properties(), seconds: Double
  ) -> String? {
    guard isConnected, failure == nil else { return refusal }
    let before = answers
    do throws(RequestFault) {
      let form = try loop.clients[0].session.form(
        topic: topic, qos: qos, isRetained: isRetained, properties: properties)
      try loop.clients[0].session.publish(
        payload.span, as: form, token: 0, now: MonotonicClock.now)
    } catch {
      return error.explanation
    }
    if qos == .atMostOnce { return nil }
    return waitForAnswer(before, .puback, seconds)
  }

  private func waitForAnswer(_ before: Int, _ type: PacketType, _ seconds: Double) -> String? {
    let isAnswered = loop.run(upToSeconds: seconds) {
      self.answers > before || self.failure != nil
    }
    if let failure { return failure }
    if !isAnswered { return "no answer" }
    guard let answer, answer.isFailure else { return nil }
    return "\(answer.name(in: type)) (\(answer.hexadecimal))"
  }

  /// Nil when a message has come.
  func waitForMessage(seconds: Double) -> String? {
    // A large message takes its time.
    loop.run(upToSeconds: seconds * 3) { !self.messages.isEmpty || self.failure != nil }
    if !messages.isEmpty { return nil }
    return failure ?? "nothing came"
  }

  /// Says good-bye.
  func end() { loop.drop() }
}
