// Why a client is not connected, in words for the one who started it: what was tried, what came
// of it, and where it helps, what to do.

import Basis
package import MQTTCodec
package import MQTTSession
import Text
package import Transport
import WebSocket

/// Why an attempt to connect, or a connection, came to its end.
package struct ConnectionFailure: Error, Equatable, Sendable {
  /// Who says so.
  package enum Cause: Equatable, Sendable {
    /// The host has no address.
    case lookup(AddressLookupError)
    /// The transport failed before MQTT had a word.
    case transport(LinkEnd)
    /// The server speaks something else than MQTT, as the words say.
    case otherProtocol(String)
    /// The connection ended in MQTT's terms; the transport's reason where it had one.
    case session(ClientEnding, LinkEnd?)
    /// We had said good-bye, and the connection did not take the last bytes.
    case farewell(LinkEnd, unsentBytes: Int)
  }

  /// Connections in a row that were lost before the broker had answered anything.
  package struct Losses: Equatable, Sendable {
    package var count: Int
    /// The largest message that was on its way.
    package var message: UnpublishedMessage?
  }

  package var cause: Cause
  /// The broker as the user named it.
  package var endpoint: String
  /// The version that was spoken or offered.
  package var version: ProtocolVersion
  /// Whether the broker had never let the client in.
  package var isFirst: Bool
  /// Whether the connection was protected by TLS.
  package var isProtected: Bool
  /// What makes it look as if it was no accident, when something does.
  package var losses: Losses?

  /// Whether the same attempt may succeed a little later.
  package var isWorthRetrying: Bool {
    switch cause {
    case .lookup(let error): return error.isTemporary
    case .otherProtocol, .farewell: return false
    case .session(let ending, _): return ending.isWorthRetrying
    case .transport(let end):
      switch end {
      case .tlsFailed, .foreignOnPlainListener, .proxyHeader: return false
      case .socks(.refused): return true
      case .socks: return false
      case .webSocket(let end): return end.isTemporary
      case .peerClosed, .peerClosedWithoutFarewell, .failed, .handshakeTimedOut, .connectTimedOut,
        .webSocketTimedOut, .proxyHeaderTimedOut, .socksTimedOut, .closedHere:
        return true
      }
    }
  }
}

extension ConnectionFailure: CustomStringConvertible {
  /// One or more sentences without a full stop at the end.
  package var description: String {
    switch cause {
    case .lookup(let error):
      "cannot find \(error.host): \(error.reason)"
    case .transport(let end):
      "cannot connect to \(endpoint): \(Self.words(end))\(Self.advice(end))"
    case .otherProtocol(let words):
      words
    case .session(let ending, let end):
      words(ending, end) + (losses.map(Self.words) ?? "")
    case .farewell(let end, let unsentBytes):
      "the connection to \(endpoint) ended before the broker had read everything"
        + (unsentBytes > 0 ? " (\(unsentBytes) bytes were not sent)" : "") + ": "
        + (end == .closedHere ? "the broker takes nothing any more" : Self.words(end))
    }
  }

  private static func words(_ losses: Losses) -> String {
    let count = "; \(losses.count) connections in a row were lost"
    guard let message = losses.message else {
      return count + " before the broker had answered anything on them: it seems to close on what "
        + "it is asked"
    }
    let what =
      message.otherCount == 0
      ? "the message to \(message.topic.onOneLine) (a packet of \(message.packetSize) bytes)"
      : "messages, the largest of them to \(message.topic.onOneLine) (a packet of "
        + "\(message.packetSize) bytes),"
    return count + " with \(what) on the way: the broker seems to close on it, as one does that "
      + "takes no packets of this size"
  }

  private static func words(_ end: LinkEnd) -> String {
    switch end {
    case .failed(let error): "\(error.reason)"
    case .peerClosed, .peerClosedWithoutFarewell, .tlsFailed, .handshakeTimedOut, .connectTimedOut,
      .foreignOnPlainListener, .webSocket, .webSocketTimedOut,
      .proxyHeader, .proxyHeaderTimedOut, .socks, .socksTimedOut, .closedHere:
      "\(end)"
    }
  }

  private static func advice(_ end: LinkEnd) -> String {
    guard case .failed(let error) = end else { return "" }
    if error.isConnectionRefused { return "; is a broker running there?" }
    return ""
  }

  private func words(_ ending: ClientEnding, _ end: LinkEnd?) -> String {
    switch ending {
    case .disconnectedHere:
      return "disconnected from \(endpoint)"
    case .refused(let connack):
      return "\(endpoint) refused the connection: "
        + reason(connack.reasonCode, .connack, connack.properties)
    case .olderVersionWanted:
      return "\(endpoint) does not speak MQTT 5"
    case .disconnectedByServer(let disconnect):
      return "\(endpoint) disconnected: "
        + reason(disconnect.reasonCode, .disconnect, disconnect.properties)
    case .fault(let fault):
      return "\(endpoint) does not follow the MQTT standard: \(fault)"
    case .connackTimeout:
      return "\(endpoint) does not answer CONNECT; is it an MQTT broker?"
    case .pingTimeout:
      return "\(endpoint) does not answer any more"
    case .connectionLost:
      // An end that explains itself, as a refused certificate does, is not guessed about.
      if isFirst && (end == nil || end == .peerClosed || end == .peerClosedWithoutFarewell) {
        return "\(endpoint) closed the connection without answering CONNECT; is it an MQTT broker"
          + (isProtected ? "?" : ", and does this port want TLS (--tls)?")
      }
      guard let end else { return "the connection to \(endpoint) is lost" }
      return "the connection to \(endpoint) is lost: \(Self.words(end))"
    }
  }

  private func reason(_ code: ReasonCode, _ type: PacketType, _ properties: Properties) -> String {
    var text = "\(code.name(in: type)) (\(code.hexadecimal))"
    if let more = properties.string(.reasonString) { text += ": \(more.onOneLine)" }
    if let other = properties.string(.serverReference) { text += "; use \(other.onOneLine)" }
    return text
  }
}
