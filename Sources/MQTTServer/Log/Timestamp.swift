// The time of a log line: UTC, to the millisecond, in the form of RFC 3339, unless it is asked for
// in another.

import Basis
import Glibc

/// Text of a point in time.
package enum Timestamp {
  /// "2026-11-21T04:00:00.123Z" for nanoseconds since 1970-01-01 00:00 UTC.
  package static func text(_ nanoseconds: Int64) -> String {
    TimeText.text(nanoseconds, decimals: 3)
  }

  /// Appends what stands in front of a line that was written then, with the blank or colon after it.
  static func append(
    _ nanoseconds: Int64, _ form: LogConfiguration.Time, to buffer: inout ByteBuffer
  ) {
    switch form {
    case .none: break
    case .utc:
      TimeText.append(nanoseconds, decimals: 3, to: &buffer)
      buffer.append(UInt8(ascii: " "))
    case .unixSeconds:
      buffer.append(utf8: "\(nanoseconds.flooredDivided(by: 1_000_000_000)): ")
    case .format(let format): buffer.append(utf8: local(nanoseconds, format) + ": ")
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
}
