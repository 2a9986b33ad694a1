// Why a WebSocket is closed, as a number in its Close frame (RFC 6455, 7.4).

/// The code of a Close frame.
package struct CloseCode: RawRepresentable, Sendable, Equatable {
  package var rawValue: UInt16

  /// Any number; not all of them may travel.
  package init(rawValue: UInt16) { self.rawValue = rawValue }

  /// The purpose is fulfilled.
  package static let normal = CloseCode(rawValue: 1000)
  /// A server stops or a page is left.
  package static let goingAway = CloseCode(rawValue: 1001)
  package static let protocolError = CloseCode(rawValue: 1002)
  /// A kind of data that is not taken here, such as text.
  package static let unsupportedData = CloseCode(rawValue: 1003)
  /// A text that is not UTF-8.
  package static let invalidData = CloseCode(rawValue: 1007)

  /// Whether a Close frame may carry it (7.4.1, 7.4.2).
  package var mayTravel: Bool {
    switch rawValue {
    case 1000...1003, 1007...1014, 3000...4999: true
    default: false
    }
  }

  /// The name that the standard gives it, or none.
  var name: String? {
    switch rawValue {
    case 1000: "normal closure"
    case 1001: "going away"
    case 1002: "protocol error"
    case 1003: "unsupported data"
    case 1007: "invalid data"
    case 1008: "policy violation"
    case 1009: "message too big"
    case 1010: "extension missing"
    case 1011: "internal error"
    case 1012: "service restart"
    case 1013: "try again later"
    case 1014: "bad gateway"
    default: nil
    }
  }
}
