// The time of a log line: UTC, to the millisecond, in the form of RFC 3339, unless it is asked for
// in another.

import Glibc

/// Text of a point in time.
package enum Timestamp {
  /// "2026-11-21T04:00:00.123Z" for nanoseconds since 1970-01-01 00:00 UTC.
  package static func text(_ nanoseconds: Int64) -> String {
    let milliseconds = nanoseconds.flooredDivided(by: 1_000_000)
    let seconds = milliseconds.flooredDivided(by: 1000)
    let (year, month, day) = date(daysSince1970: seconds.flooredDivided(by: 86400))
    let ofDay = seconds - seconds.flooredDivided(by: 86400) * 86400
    return digits(year, 4) + "-" + digits(month, 2) + "-" + digits(day, 2) + "T"
      + digits(ofDay / 3600, 2) + ":" + digits(ofDay / 60 % 60, 2) + ":" + digits(ofDay % 60, 2)
      + "." + digits(milliseconds - seconds * 1000, 3) + "Z"
  }

  /// What stands in front of a line that was written then, with the blank or colon after it.
  static func text(_ nanoseconds: Int64, _ form: LogConfiguration.Time) -> String {
    switch form {
    case .none: ""
    case .utc: text(nanoseconds) + " "
    case .unixSeconds: "\(nanoseconds.flooredDivided(by: 1_000_000_000)): "
    case .format(let format): local(nanoseconds, format) + ": "
    }
  }

  private static func local(_ nanoseconds: Int64, _ format: String) -> String {
    var seconds = time_t(nanoseconds.flooredDivided(by: 1_000_000_000))
    var parts = tm()
    localtime_r(&seconds, &parts)
    return withUnsafeTemporaryAllocation(of: CChar.self, capacity: 512) { room -> String in
      guard let start = room.baseAddress, strftime(start, room.count, format, &parts) > 0
      else { return "" }
      return String(cString: start)
    }
  }

  private static func digits(_ number: Int64, _ count: Int) -> String {
    let text = String(number)
    return String(repeating: "0", count: max(0, count - text.count)) + text
  }

  /// The Gregorian date; years are counted from March, so that a leap day is the last of its year,
  /// and in cycles of 400 years, which all have the same number of days.
  private static func date(daysSince1970 days: Int64) -> (Int64, Int64, Int64) {
    let daysPerCycle: Int64 = 146_097
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
}

extension Int64 {
  fileprivate func flooredDivided(by divisor: Int64) -> Int64 {
    let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
    return remainder < 0 ? quotient - 1 : quotient
  }
}
