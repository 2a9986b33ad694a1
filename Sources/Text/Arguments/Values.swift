// The kinds of values that options take, each with the words that say what was expected.

/// Readers of single values.
package enum Values {
  /// A whole number within `range`, in decimal digits.
  package static func number<N: FixedWidthInteger>(
    _ text: String, _ range: ClosedRange<N>
  ) throws(ValueFault) -> N {
    guard let number = N(text), range.contains(number) else {
      let upper = range.upperBound == .max && N.bitWidth == 64 ? "up" : "to \(range.upperBound)"
      throw .expected("a whole number from \(range.lowerBound) \(upper)")
    }
    return number
  }

  /// A number of seconds, fractions allowed, within `range`.
  package static func seconds(
    _ text: String, _ range: ClosedRange<Double>
  ) throws(ValueFault) -> Double {
    guard let seconds = decimal(text), range.contains(seconds) else {
      throw .expected(
        "seconds, as a number from \(plain(range.lowerBound)) to \(plain(range.upperBound))")
    }
    return seconds
  }

  /// A finite decimal number such as `12.5`; nil for anything else.
  package static func decimal(_ text: String) -> Double? {
    let isDecimal = text.utf8.allSatisfy { byte in
      (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || byte == UInt8(ascii: ".")
    }
    return isDecimal ? Double(text) : nil
  }

  private static func plain(_ number: Double) -> String {
    number == number.rounded() && abs(number) < 1e15 ? String(Int(number)) : String(number)
  }

  /// One of `choices`.
  package static func choice<Value>(
    _ text: String, _ choices: KeyValuePairs<String, Value>
  ) throws(ValueFault) -> Value {
    for (name, value) in choices where name == text { return value }
    throw .expected(choices.map(\.key).joined(choicesWith: "or"))
  }

  /// `true` or `false`.
  package static func truth(_ text: String) throws(ValueFault) -> Bool {
    try choice(text, ["true": true, "false": false])
  }

  /// Text that is not empty.
  package static func name(_ text: String, _ what: String) throws(ValueFault) -> String {
    if text.isEmpty { throw .expected("\(what) that is not empty") }
    return text
  }

  /// Text no longer than a string of MQTT, whose length is two bytes (1.5.4).
  package static func ofTwoLengthBytes(_ text: String) throws(ValueFault) -> String {
    let limit = Int(UInt16.max)
    if text.utf8.count > limit { throw .expected("at most \(limit) bytes") }
    return text
  }

  /// The path of a Unix domain socket, which the kernel keeps in 108 bytes with a NUL behind it.
  package static func socketPath(_ text: String) throws(ValueFault) -> String {
    if text.utf8.count > 107 { throw .expected("a path of at most 107 bytes") }
    return try name(text, "the path of a socket")
  }

  /// A time as mosquitto.conf writes it, in seconds: a number and one of s h d w m y, where m is a
  /// month of 30 days and y a year of 365.
  package static func duration(_ text: String) throws(ValueFault) -> UInt32 {
    let units: KeyValuePairs<Character, Int> = [
      "s": 1, "h": 3600, "d": 86_400, "w": 604_800, "m": 2_592_000, "y": 31_536_000,
    ]
    let seconds = units.first { $0.key == text.last }?.value
    guard let seconds, let number = UInt32(text.dropLast()),
      number.multipliedReportingOverflow(by: UInt32(seconds)).overflow == false,
      number > 0
    else {
      throw .expected(
        "a number and a unit: s seconds, h hours, d days, w weeks, m months or y years")
    }
    return number * UInt32(seconds)
  }

  /// A time between two things in seconds: a number, and ms, s, m or h unless it is seconds.
  package static func interval(_ text: String) throws(ValueFault) -> Double {
    let units: KeyValuePairs<String, Double> = ["ms": 0.001, "s": 1, "m": 60, "h": 3600]
    let unit = text.drop { "0123456789.".contains($0) }
    let factor = unit.isEmpty ? 1 : units.first { $0.key == unit }?.value
    guard let factor, let number = decimal(String(text.dropLast(unit.count))),
      (0.000_1...31_536_000).contains(number * factor)
    else { throw .expected("a time from 0.1ms to 365 days, such as 500ms, 3s, 1m or 2h") }
    return number * factor
  }

  /// What a WebSocket may ask for: a path and perhaps a query, as they go over the wire.
  package static func webSocketPath(_ text: String) throws(ValueFault) -> String {
    guard text.hasPrefix("/"), text.utf8.allSatisfy({ 0x21...0x7E ~= $0 }) else {
      throw .expected("a path that begins with / and has no spaces, as in /mqtt")
    }
    return text
  }
}

extension Array where Element == String {
  /// `a, b or c`.
  package func joined(choicesWith conjunction: String) -> String {
    guard let last, count > 1 else { return first ?? "" }
    return dropLast().joined(separator: ", ") + " \(conjunction) " + last
  }
}
