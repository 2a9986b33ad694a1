// A point of wall-clock time as RFC 3339 has it, in UTC: `2026-11-21T04:00:00.123Z`. Written for logs
// and recordings, read back from recordings; a recording's times are exact to the nanosecond.

/// Text of a point in time and back.
package enum TimeText {
  /// `nanoseconds` since 1970-01-01 00:00 UTC, with so many digits of the second's fraction.
  ///
  /// - Parameter decimals: 1 to 9; what is beyond them is cut off.
  package static func text(_ nanoseconds: Int64, decimals: Int) -> String {
    var buffer = ByteBuffer()
    append(nanoseconds, decimals: decimals, to: &buffer)
    return String(decoding: array(buffer.span), as: UTF8.self)
  }

  /// Appends the same text to `buffer`, which takes no more memory than its bytes.
  package static func append(_ nanoseconds: Int64, decimals: Int, to buffer: inout ByteBuffer) {
    precondition((1...9).contains(decimals), "a nanosecond has nine decimals")
    let seconds = nanoseconds.flooredDivided(by: 1_000_000_000)
    let days = seconds.flooredDivided(by: 86400)
    let (year, month, day) = date(daysSince1970: days)
    let ofDay = seconds - days * 86400
    appendDigits(year, 4, to: &buffer)
    buffer.append(UInt8(ascii: "-"))
    appendDigits(month, 2, to: &buffer)
    buffer.append(UInt8(ascii: "-"))
    appendDigits(day, 2, to: &buffer)
    buffer.append(UInt8(ascii: "T"))
    appendDigits(ofDay / 3600, 2, to: &buffer)
    buffer.append(UInt8(ascii: ":"))
    appendDigits(ofDay / 60 % 60, 2, to: &buffer)
    buffer.append(UInt8(ascii: ":"))
    appendDigits(ofDay % 60, 2, to: &buffer)
    buffer.append(UInt8(ascii: "."))
    appendDigits(nanoseconds - seconds * 1_000_000_000, 9, to: &buffer)
    buffer.truncate(to: buffer.count - (9 - decimals))
    buffer.append(UInt8(ascii: "Z"))
  }

  /// Nanoseconds since 1970 for a time such as `2026-11-21T04:00:00Z`, with any number of decimals
  /// and any offset from UTC; nil for what is no such time or beyond the years 1678 to 2261.
  package static func nanoseconds(_ text: [UInt8]) -> Int64? {
    var reader = TimeReader(bytes: text)
    guard let year = reader.number(4), reader.take("-"), let month = reader.number(2),
      reader.take("-"), let day = reader.number(2), reader.take("T") || reader.take(" "),
      let hour = reader.number(2), reader.take(":"), let minute = reader.number(2),
      reader.take(":"), let second = reader.number(2), let fraction = reader.fraction(),
      let offsetSeconds = reader.offsetSeconds(), reader.isAtEnd,
      (1...12).contains(month), (1...31).contains(day), hour < 24, minute < 60, second <= 60,
      (1678...2261).contains(year)
    else { return nil }
    let days = daysSince1970(year, month, day)
    guard date(daysSince1970: days) == (year, month, day) else { return nil }
    let seconds = days * 86400 + hour * 3600 + minute * 60 + second - offsetSeconds
    return seconds * 1_000_000_000 + fraction
  }

  /// The last `count` decimal digits of a number that has no more of them.
  private static func appendDigits(_ number: Int64, _ count: Int, to buffer: inout ByteBuffer) {
    var unit: Int64 = 1
    for _ in 1..<count { unit *= 10 }
    while unit > 0 {
      buffer.append(UInt8(ascii: "0") + UInt8(number / unit % 10))
      unit /= 10
    }
  }

  /// The Gregorian date; years are counted from March, so that a leap day is the last of its year,
  /// and in cycles of 400 years, which all have the same number of days.
  private static func date(daysSince1970 days: Int64) -> (Int64, Int64, Int64) {
    let sinceMarch0 = days + 719_468
    let cycle = sinceMarch0.flooredDivided(by: daysPerCycle)
    let dayOfCycle = sinceMarch0 - cycle * daysPerCycle
    let yearOfCycle =
      (dayOfCycle - dayOfCycle / 1460 + dayOfCycle / 36524 - dayOfCycle / 146_096) / 365
    let dayOfYear = dayOfCycle - (365 * yearOfCycle + yearOfCycle / 4 - yearOfCycle / 100)
    let monthFromMarch = (5 * dayOfYear + 2) / 153
    let day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
    let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
    return (yearOfCycle + cycle * 400 + (month <= 2 ? 1 : 0), month, day)
  }

  /// The same way back.
  private static func daysSince1970(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
    let yearFromMarch = month <= 2 ? year - 1 : year
    let cycle = yearFromMarch.flooredDivided(by: 400)
    let yearOfCycle = yearFromMarch - cycle * 400
    let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
    let dayOfCycle = yearOfCycle * 365 + yearOfCycle / 4 - yearOfCycle / 100 + dayOfYear
    return cycle * daysPerCycle + dayOfCycle - 719_468
  }

  private static let daysPerCycle: Int64 = 146_097
}

/// The parts of a time, one after another; nil from any method means that it is none.
private struct TimeReader {
  let bytes: [UInt8]
  var position = 0

  init(bytes: [UInt8]) { self.bytes = bytes }

  var isAtEnd: Bool { position == bytes.count }

  mutating func take(_ character: Unicode.Scalar) -> Bool {
    guard position < bytes.count, UInt32(bytes[position]) == character.value else { return false }
    position += 1
    return true
  }

  mutating func number(_ count: Int) -> Int64? {
    guard position + count <= bytes.count else { return nil }
    var result: Int64 = 0
    for byte in bytes[position..<(position + count)] {
      guard let digit = Self.digit(byte) else { return nil }
      result = result * 10 + digit
    }
    position += count
    return result
  }

  /// Nanoseconds; a time without decimals has none.
  mutating func fraction() -> Int64? {
    guard take(".") else { return 0 }
    var result: Int64 = 0
    var unit: Int64 = 100_000_000
    let start = position
    while position < bytes.count, let digit = Self.digit(bytes[position]) {
      result += digit * unit
      unit /= 10
      position += 1
    }
    return position > start ? result : nil
  }

  mutating func offsetSeconds() -> Int64? {
    if take("Z") || take("z") { return 0 }
    let isEast = take("+")
    guard isEast || take("-"), let hours = number(2) else { return nil }
    _ = take(":")
    guard let minutes = number(2), hours < 24, minutes < 60 else { return nil }
    return (hours * 3600 + minutes * 60) * (isEast ? 1 : -1)
  }

  private static func digit(_ byte: UInt8) -> Int64? {
    UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte ? Int64(byte - UInt8(ascii: "0")) : nil
  }
}

extension Int64 {
  /// The quotient towards minus infinity.
  package func flooredDivided(by divisor: Int64) -> Int64 {
    let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
    return remainder < 0 ? quotient - 1 : quotient
  }
}
