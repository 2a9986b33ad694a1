// What the C library formats better than anything written anew: floating point numbers and local
// time. This is the only file of the module that hands pointers to C.

private import Glibc

/// Formatting by printf and strftime.
package enum CFormat {
  /// `number` as the C format says, which must hold exactly one conversion of a double.
  package static func text(_ format: String, _ number: Double) -> String {
    withVaList([number]) { arguments in
      withUnsafeTemporaryAllocation(of: CChar.self, capacity: 1024) { room in
        guard let base = room.baseAddress else { return "" }
        let length = vsnprintf(base, room.count, format, arguments)
        let bytes = room[..<min(Int(length), room.count - 1)].map(UInt8.init(bitPattern:))
        return String(decoding: bytes, as: UTF8.self)
      }
    }
  }
}

/// A moment of the wall clock.
package struct WallTime: Equatable, Sendable {
  /// Seconds since 1970 began, in UTC.
  package var seconds: Int
  /// 0 to 999,999,999 within the second.
  package var nanoseconds: Int

  /// Joins the parts.
  package init(seconds: Int, nanoseconds: Int) {
    self.seconds = seconds
    self.nanoseconds = nanoseconds
  }

  /// This moment as strftime's `format` says it, in the time zone of the process.
  func formatted(_ format: String) -> String {
    var seconds = time_t(seconds)
    var local = tm()
    guard localtime_r(&seconds, &local) != nil else { return "" }
    return withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { room in
      guard let base = room.baseAddress else { return "" }
      let length = strftime(base, room.count, format, &local)
      return String(decoding: room[..<length].map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
  }
}
