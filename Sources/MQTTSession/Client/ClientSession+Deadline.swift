// Everything that happens because time passes: the wait for CONNACK, PINGREQ when we have been
// silent for the keep alive, and the end when the server answers neither that nor anything else.

package import Basis
import MQTTCodec

extension ClientSession {
  /// When ``advance(to:)`` has something to do; nil when nothing depends on time.
  package var nextDeadline: Instant? {
    switch phase {
    case .idle, .ended: return nil
    case .awaitingConnack: return connackDeadline
    case .connected: break
    }
    if keepAliveSeconds == 0 && pingSent == nil { return nil }
    let ping = keepAliveSeconds == 0 ? nil : lastSent.advanced(bySeconds: Int(keepAliveSeconds))
    if pingSent == nil || isReadingPaused { return ping }
    return min(ping ?? silenceDeadline, silenceDeadline)
  }

  /// Lets the time be `now`.
  package mutating func advance(to now: Instant) {
    switch phase {
    case .idle, .ended:
      return
    case .awaitingConnack:
      if now >= connackDeadline { end(.connackTimeout) }
    case .connected:
      if pingSent != nil && !isReadingPaused && now >= silenceDeadline {
        end(.pingTimeout)
      } else if keepAliveSeconds > 0
        && now >= lastSent.advanced(bySeconds: Int(keepAliveSeconds))
      {
        ping(now: now)  // [MQTT-3.1.2-20]
      }
    }
  }

  /// Sends PINGREQ now, whatever the keep alive says.
  package mutating func ping(now: Instant) {
    precondition(phase == .connected, "PINGREQ without a connection")
    send(.pingreq, now: now)
    if pingSent != nil { return }
    pingSent = now
    unansweredBeforePing = unansweredSent
  }

  /// Says that reading goes on after a pause: silence counts from here.
  package mutating func readingResumed(now: Instant) {
    isReadingPaused = false
    lastReceived = now
  }

  /// Any byte is a sign of life: a PINGRESP may stand behind megabytes of messages.
  private var silenceDeadline: Instant {
    let since = max(pingSent ?? lastReceived, lastReceived)
    let limit = settings.pingTimeoutSeconds
    let seconds = keepAliveSeconds == 0 ? limit : min(limit, Int(keepAliveSeconds))
    return since.advanced(bySeconds: max(1, seconds))
  }
}
