// The section of mqtt-sub(1) that explains format strings.

extension OutputFormat.Conversion {
  /// What the conversion prints, for the manual page.
  var meaning: String {
    switch self {
    case .topicAlias: "The topic alias, if there is one."
    case .contentType: "The content type, if there is one."
    case .correlationData: "The correlation data, byte for byte."
    case .messageExpiryInterval: "The message expiry interval in seconds, if there is one."
    case .payloadFormatIndicator: "The payload format indicator, if there is one."
    case .date: "The time of arrival, as in 2026-11-21T09:47:38+0100."
    case .json:
      "The message and its properties as a JSON object, the payload in it as a string, or in "
        + "payload-base64 where it is not UTF-8. User properties are a list of pairs, since names "
        + "may repeat."
    case .jsonOfJSON:
      "The same, the payload in it as JSON, with its numbers as they stand in it. A payload that is "
        + "not JSON is an error on the standard error stream."
    case .payloadLength: "The length of the payload in bytes."
    case .packetIdentifier: "The packet identifier; 0 with QoS 0."
    case .userProperties: "The user properties as name:value, with blanks between them."
    case .payload: "The payload, byte for byte."
    case .qos: "The quality of service."
    case .responseTopic: "The response topic, if there is one."
    case .retain: "1 for a retained message and 0 for any other."
    case .subscriptionIdentifier: "The subscription identifier, if there is one."
    case .topic: "The topic."
    case .unixTime: "The time of arrival in seconds since 1970, as in 1470818943.786368637."
    case .lowerHexadecimal: "The payload in hexadecimal digits."
    case .upperHexadecimal: "The payload in hexadecimal digits with capital letters."
    case .float: "The payload, which must have 4 bytes, as a floating point number."
    case .double: "The payload, which must have 8 bytes, as a floating point number."
    }
  }
}

extension Manual {
  /// OUTPUT FORMAT.
  static func outputFormat(_ page: inout Mandoc) {
    page.macro("Sh OUTPUT FORMAT")
    page.prose(
      "A message is printed as its payload, or with -v as its topic, a blank and its payload. With "
        + "-F it is printed as the format says: text as it is, and conversions that begin with "
        + "%, @ or a backslash. A line end follows unless -N is given.")
    page.macro("Bl -tag -width Ds")
    for conversion in OutputFormat.Conversion.allCases.sorted(by: { $0.order < $1.order }) {
      page.macro("It Cm \\&%\(conversion.rawValue)")
      page.prose(conversion.meaning)
    }
    page.macro("It Cm %%")
    page.prose("A percent sign.")
    page.macro("It Cm @" + Mandoc.escaped("X"))
    page.prose("The time of arrival as the conversion %X of strftime, for any character X.")
    page.macro("It Cm @N")
    page.prose("The nanoseconds within the second of arrival, in nine digits.")
    page.macro("It Cm @@")
    page.prose("An at sign.")
    page.macro("It Cm " + Mandoc.escaped("\\\\ \\0 \\a \\e \\n \\r \\t \\v"))
    page.prose("A backslash, and the characters NUL, BEL, ESC, LF, CR, HT and VT.")
    page.macro("El")
    page.macro("Pp")
    page.prose(
      """
      Between the percent sign and the letter may stand, in this order, a dash, which aligns to \
      the left; a zero, which pads numbers, %p and %x with zeros; a width, the least number of \
      bytes; and a full stop with a precision. The precision is the most bytes of a text, the \
      decimals of %f and %d, and the digits in a group of %x, whose groups are set off by a \
      blank or by the character : - _ or , that follows. A payload is cut to its width.
      """)
  }
}

extension OutputFormat.Conversion {
  /// Letters in their order, the small one of a pair behind the capital.
  fileprivate var order: String { rawValue.lowercased() + (rawValue.isLowercase ? "b" : "a") }
}
