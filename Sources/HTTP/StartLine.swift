// The first line of a head, and what tells by a message's first bytes that it is one of HTTP.

/// The first line of a request (RFC 9112, 3).
package struct RequestLine: Sendable, Equatable {
  package let method: String
  /// The path and perhaps a query.
  package let target: String
  /// Such as `HTTP/1.1`.
  package let version: String

  /// Reads the line; nil when it asks for nothing that a server itself has.
  package init?(_ line: String) {
    let parts = line.split(separator: " ", omittingEmptySubsequences: false)
    guard parts.count == 3, parts[2].hasPrefix("HTTP/"), parts[1].hasPrefix("/") else { return nil }
    method = String(parts[0])
    target = String(parts[1])
    version = String(parts[2])
  }

  /// The target without its query.
  package var path: String { String(target.prefix { $0 != "?" }) }

  /// Whether a request may begin with this byte: all methods begin with a capital letter.
  package static func mayBegin(with byte: UInt8) -> Bool {
    (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
  }

  /// Whether `bytes` begin with one of the usual methods.
  package static func begins(_ bytes: Span<UInt8>) -> Bool {
    let methods: [StaticString] = [
      "GET ", "HEAD ", "POST ", "PUT ", "DELETE ", "OPTIONS ", "CONNECT ", "TRACE ", "PATCH ",
    ]
    return methods.contains { bytes.begin(with: $0) }
  }
}

/// The first line of an answer (RFC 9112, 4).
package struct StatusLine: Sendable, Equatable {
  /// The code and its words, such as `404 Not Found`.
  package let status: String

  /// Reads the line; nil when it is not one of HTTP/1.
  package init?(_ line: String) {
    let parts = line.split(separator: " ", maxSplits: 1)
    guard parts.count == 2, parts[0].hasPrefix("HTTP/1.") else { return nil }
    status = String(parts[1])
  }

  /// Whether the code, three digits, is this one.
  package func hasCode(_ code: String) -> Bool { status == code || status.hasPrefix("\(code) ") }

  /// Whether `bytes` begin as an answer does.
  package static func begins(_ bytes: Span<UInt8>) -> Bool { bytes.begin(with: "HTTP/") }
}

extension Span<UInt8> {
  fileprivate func begin(with text: StaticString) -> Bool {
    if count < text.utf8CodeUnitCount { return false }
    return text.withUTF8Buffer { expected in
      !expected.indices.contains { unsafe self[$0] != expected[$0] }
    }
  }
}
