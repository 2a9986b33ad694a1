// How `mqtt sub` prints a message: the payload alone, the topic and the payload (`-v`), or what a
// format string says (`-F`). The format string is read once into pieces; printing a message walks
// over them and appends bytes, and the two plain forms cost two copies.
//
// Conversions, flags, widths and escapes are mosquitto_sub's, whose bytes scripts depend on. Two of
// its mistakes are not repeated: %x with a width loses no bytes that have room in it, and the time
// in JSON is ISO 8601, as its own manual page says.

package import Text

/// How messages become bytes on the standard output.
package struct OutputFormat: Equatable, Sendable {
  enum Layout: Equatable, Sendable {
    case payload
    case verbose
    case pieces([Piece])
  }

  /// A part of a format string.
  enum Piece: Equatable, Sendable {
    case literal([UInt8])
    case conversion(Conversion, Field)
    /// `@` and a character of strftime.
    case clock(String)
    /// `@N`.
    case nanoseconds
  }

  /// What stands after `%`, its flags and its widths.
  enum Conversion: Character, CaseIterable, Sendable {
    case topicAlias = "A"
    case contentType = "C"
    case correlationData = "D"
    case messageExpiryInterval = "E"
    case payloadFormatIndicator = "F"
    case date = "I"
    case json = "j"
    case jsonOfJSON = "J"
    case payloadLength = "l"
    case packetIdentifier = "m"
    case userProperties = "P"
    case payload = "p"
    case qos = "q"
    case responseTopic = "R"
    case retain = "r"
    case subscriptionIdentifier = "S"
    case topic = "t"
    case unixTime = "U"
    case lowerHexadecimal = "x"
    case upperHexadecimal = "X"
    case float = "f"
    case double = "d"
  }

  /// The flags and widths of a conversion.
  struct Field: Equatable, Sendable {
    var isLeftAligned = false
    var pad = UInt8(ascii: " ")
    /// The least number of bytes; 0 is any.
    var width = 0
    /// The most bytes of a text, the decimals of a number, the digits in a group of %x.
    var precision: Int?
    /// What stands between the groups of %x.
    var separator = UInt8(ascii: " ")
  }

  var layout = Layout.payload
  var isPretty = false
  var endsLines = true

  /// The payload alone, each on its line.
  package init() {}

  /// The format of a command line; `format` overrides `isVerbose`.
  package init(
    _ format: String?, isVerbose: Bool, isPretty: Bool, endsLines: Bool
  ) throws(ValueFault) {
    self.isPretty = isPretty
    self.endsLines = endsLines
    if let format {
      layout = .pieces(try Self.pieces(format))
    } else if isVerbose {
      layout = .verbose
    }
  }
}

/// What could not be printed as it was asked for, in words, without a full stop.
package struct OutputFault: Error, Equatable, Sendable, CustomStringConvertible {
  package var description: String
}
