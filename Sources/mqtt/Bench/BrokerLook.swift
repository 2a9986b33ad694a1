// One connection before the others: which version the broker speaks, and what it calls itself. A
// broker is looked at once, so that all clients of all runs fall back to 3.1.1 where it wants that.

import Basis
import MQTTClient
import MQTTCodec
import MQTTSession
import Transport

/// What one connection found out about a broker.
struct BrokerLook {
  /// The version in which it lets us in; nil when it does not.
  var version: ProtocolVersion?
  /// What its `$SYS/broker/version` says; nil when that says nothing.
  var name: String?
  /// Why nobody answered there; nil once somebody did, whatever the answer was.
  var absence: ConnectionFailure?
}

extension PeerLoop {
  /// Seconds that the way in may take.
  private static let patienceSeconds = 3.0
  /// Seconds that a retained message may come behind its SUBACK.
  private static let nameSeconds = 0.5
  private static let nameTopic = "$SYS/broker/version"

  /// Connects, asks for the broker's name if `asksName`, and leaves.
  func look(_ settings: ClientSettings, at endpoint: Endpoint, asksName: Bool) -> BrokerLook {
    var look = BrokerLook()
    var isSubscribed = false
    var isOver = false
    handle = { [unowned self] place, event, now in
      switch event {
      case .session(.connected):
        look.version = clients[place].session.version
        isOver = !asksName || !asks(place, now)
      case .session(.subscribed(let suback)):
        isSubscribed = true
        isOver = suback.reasonCodes.contains(where: \.isFailure)
      case .session(.message(let message)):
        let payload = clients[place].session.publish(message).payload
        look.name = String(decoding: payload, as: UTF8.self)
        isOver = true
      case .failed(let failure), .lost(let failure, _):
        switch failure.cause {
        case .lookup, .transport: look.absence = failure
        case .otherProtocol, .session, .farewell: break
        }
        isOver = true
      case .disconnected, .session(.ended): isOver = true
      case .session(.authentication), .session(.published), .session(.unsubscribed),
        .session(.pingAnswered):
        break
      }
    }
    _ = add(settings, endpoint, reconnects: false)
    run(upToSeconds: Self.patienceSeconds) { isOver || isSubscribed }
    if isSubscribed { run(upToSeconds: Self.nameSeconds) { isOver } }
    drop()
    return look
  }

  private func asks(_ place: Int, _ now: Instant) -> Bool {
    let subscription = Subscription(
      filter: Self.nameTopic, options: SubscriptionOptions(qos: .atMostOnce))
    return (try? clients[place].session.subscribe([subscription], now: now)) != nil
  }
}
