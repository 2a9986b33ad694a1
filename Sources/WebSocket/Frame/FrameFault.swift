// What a peer can do wrong with its frames. Each fault names the rule that it breaks and the code
// that the connection is closed with.

/// A frame that must not be.
package enum FrameFault: Error, Sendable, Equatable {
  /// Reserved bits are set, which only extensions may, and none is in use.
  case reservedBits
  /// An opcode that the standard keeps for later.
  case reservedOpcode(UInt8)
  /// A client's frame without a mask.
  case unmasked
  /// A server's frame with a mask.
  case masked
  /// A text frame. [MQTT-6.0.0-1]
  case text
  /// A length in more bytes than it needs, or beyond 63 bits.
  case length
  /// A control frame of more than 125 bytes.
  case longControlFrame
  /// A control frame that is not the whole message.
  case fragmentedControlFrame
  /// A continuation of nothing.
  case lostContinuation
  /// A new message inside of an unfinished one.
  case interruptedMessage
  /// A Close frame whose code is cut off.
  case shortCloseCode
  /// A Close frame with a code that must not travel.
  case closeCode(UInt16)
  /// A Close frame whose reason is not UTF-8.
  case closeReason

  /// What the peer is told.
  var closeCode: CloseCode {
    switch self {
    case .text: .unsupportedData
    case .closeReason: .invalidData
    case .reservedBits, .reservedOpcode, .unmasked, .masked, .length, .longControlFrame,
      .fragmentedControlFrame, .lostContinuation, .interruptedMessage, .shortCloseCode, .closeCode:
      .protocolError
    }
  }
}

extension FrameFault: CustomStringConvertible {
  /// As part of a log line, in lower case and without a full stop.
  package var description: String {
    switch self {
    case .reservedBits: "a WebSocket frame with reserved bits; no extension is in use"
    case .reservedOpcode(let code): "a WebSocket frame with the reserved opcode \(code)"
    case .unmasked: "a WebSocket frame of a client without a mask"
    case .masked: "a WebSocket frame of a server with a mask"
    case .text: "a WebSocket text frame; MQTT travels in binary ones"
    case .length: "a WebSocket frame with a length that is not in its shortest form"
    case .longControlFrame: "a WebSocket control frame of more than 125 bytes"
    case .fragmentedControlFrame: "a WebSocket control frame in fragments"
    case .lostContinuation: "a WebSocket continuation frame without a beginning"
    case .interruptedMessage: "a new WebSocket message before the last one was complete"
    case .shortCloseCode: "a WebSocket Close frame with half a code"
    case .closeCode(let code): "a WebSocket Close frame with the forbidden code \(code)"
    case .closeReason: "a WebSocket Close frame whose reason is not UTF-8"
    }
  }
}
