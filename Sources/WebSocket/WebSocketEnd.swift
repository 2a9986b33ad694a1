// How a WebSocket comes to its end, in words for a log.

import Text

/// Why a connection is no WebSocket any more, or never became one.
package enum WebSocketEnd: Error, Sendable, Equatable {
  /// The peer said good-bye; a code is optional and a reason often empty.
  case closed(CloseCode?, reason: String)
  /// The peer sent a frame that must not be.
  case fault(FrameFault)
  /// As a server: the request was refused.
  case refused(HandshakeRefusal)
  /// As a client: the server's answer made no WebSocket.
  case failed(HandshakeFailure)

  /// Whether the same attempt may succeed a little later.
  package var isTemporary: Bool {
    switch self {
    case .closed: true
    case .fault, .refused: false
    case .failed(let failure): failure.isTemporary
    }
  }
}

extension WebSocketEnd: CustomStringConvertible {
  /// As part of a log line, in lower case and without a full stop.
  package var description: String {
    switch self {
    case .closed(let code, let reason):
      "peer closed the WebSocket" + Self.words(code)
        + (reason.isEmpty ? "" : ": \(reason.onOneLine.shortened)")
    case .fault(let fault): "\(fault)"
    case .refused(let refusal): "\(refusal)"
    case .failed(let failure): "\(failure)"
    }
  }

  private static func words(_ code: CloseCode?) -> String {
    guard let code, code != .normal else { return "" }
    return code.name.map { " (\(code.rawValue), \($0))" } ?? " (\(code.rawValue))"
  }
}
