// Text with placeholders, spelled as emqtt-bench spells them: %i the number of the client, %c its
// client identifier, %u its user name, %s the number of the message, %rand_N a random number from 1
// to N. Payloads also know %TIMESTAMP%, %TIMESTAMPMS%, %TIMESTAMPUS%, %TIMESTAMPNS%, %UNIQUE% and
// %RANDOM%. Everything else, a single percent sign included, stands for itself.

/// Text in which placeholders are filled in for each client or message.
package struct PlaceholderText: Equatable, Sendable {
  /// What is filled in.
  package struct Values: Sendable {
    package var clientNumber = 0
    package var clientIdentifier = ""
    package var userName = ""
    package var message: UInt64 = 0
    /// The calendar's time in nanoseconds.
    package var wallNanoseconds: Int64 = 0
    /// Random bits, different at each call.
    package var random: UInt64 = 0

    /// Zeroes and empty texts.
    package init() {}
  }

  enum Piece: Equatable, Sendable {
    case text(String)
    case clientNumber, clientIdentifier, userName, message
    case random(UInt64)
    /// The calendar's time in units of so many nanoseconds.
    case time(Int64)
    case unique
  }

  /// As it was written.
  package let source: String
  let pieces: [Piece]

  /// Reads `source`; nothing is wrong.
  package init(_ source: String) {
    self.source = source
    var pieces: [Piece] = []
    var plain = ""
    var rest = source[...]
    while !rest.isEmpty {
      if rest.first == "%", let (piece, length) = Self.placeholder(rest) {
        if !plain.isEmpty { pieces.append(.text(plain)) }
        plain = ""
        pieces.append(piece)
        rest = rest.dropFirst(length)
      } else {
        plain.append(rest.removeFirst())
      }
    }
    if !plain.isEmpty { pieces.append(.text(plain)) }
    self.pieces = pieces
  }

  private static let fixed: KeyValuePairs<String, Piece> = [
    "%TIMESTAMPMS%": .time(1_000_000), "%TIMESTAMPUS%": .time(1000), "%TIMESTAMPNS%": .time(1),
    "%TIMESTAMP%": .time(1_000_000_000), "%UNIQUE%": .unique, "%RANDOM%": .random(.max),
    "%i": .clientNumber, "%c": .clientIdentifier, "%u": .userName, "%s": .message,
  ]

  private static func placeholder(_ text: Substring) -> (Piece, Int)? {
    for (name, piece) in fixed where text.hasPrefix(name) { return (piece, name.count) }
    guard text.hasPrefix("%rand_") else { return nil }
    let digits = text.dropFirst(6).prefix { $0.isASCII && $0.isNumber }
    guard let limit = UInt64(digits), limit > 0 else { return nil }
    return (.random(limit), 6 + digits.count)
  }

  /// Whether the text is another for each message.
  package var variesByMessage: Bool {
    pieces.contains { piece in
      switch piece {
      case .message, .random, .time, .unique: true
      case .text, .clientNumber, .clientIdentifier, .userName: false
      }
    }
  }

  /// Whether the text is another for each client.
  package var variesByClient: Bool {
    pieces.contains { piece in
      switch piece {
      case .clientNumber, .clientIdentifier, .userName: true
      case .text, .message, .random, .time, .unique: false
      }
    }
  }

  /// The text with everything filled in.
  package func text(_ values: Values) -> String {
    var result = ""
    for piece in pieces {
      switch piece {
      case .text(let text): result += text
      case .clientNumber: result += "\(values.clientNumber)"
      case .clientIdentifier: result += values.clientIdentifier
      case .userName: result += values.userName
      case .message: result += "\(values.message)"
      case .random(let limit): result += "\(values.random % limit + 1)"
      case .time(let unit): result += "\(values.wallNanoseconds / unit)"
      case .unique: result += String(values.random, radix: 16) + "-\(values.message)"
      }
    }
    return result
  }

  /// The topic filter that matches every text of this template: levels with a placeholder that
  /// `varies` become `+`.
  package func filter(_ values: Values, varies: Bool) -> String {
    var levels: [String] = [""]
    var isOpen = [false]
    for piece in pieces {
      let part: String
      switch piece {
      case .text(let text): part = text
      case .clientNumber, .clientIdentifier, .userName:
        part = varies ? "" : PlaceholderText(pieces: [piece]).text(values)
        if varies { isOpen[isOpen.count - 1] = true }
      case .message, .random, .time, .unique:
        part = ""
        isOpen[isOpen.count - 1] = true
      }
      let pieces = part.split(separator: "/", omittingEmptySubsequences: false)
      levels[levels.count - 1] += pieces.first ?? ""
      for level in pieces.dropFirst() {
        levels.append(String(level))
        isOpen.append(false)
      }
    }
    return zip(levels, isOpen).map { $1 ? "+" : $0 }.joined(separator: "/")
  }

  private init(pieces: [Piece]) {
    source = ""
    self.pieces = pieces
  }
}
