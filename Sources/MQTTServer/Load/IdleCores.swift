// How much of this machine nobody uses, from /proc/stat. Another thread helps only when there is a
// core for it.

import Basis
import CLinux
import Glibc
import Transport

struct IdleCores {
  private var lastTicks: Int64?
  private var lastTime = Instant.start

  /// Thousandths of a core that were idle on average since the last call, all cores together; nil
  /// on the first call, after a long pause, or where the system does not tell.
  mutating func permilleSinceLast(_ now: Instant) -> Int? {
    let ticks = Self.idleTicks()
    defer {
      lastTicks = ticks
      lastTime = now
    }
    let elapsed = now.nanoseconds(since: lastTime)
    guard let ticks, let lastTicks, elapsed > 0, elapsed < 4 * LoadBalance.periodNanoseconds
    else { return nil }
    let ticksPerSecond = Int64(max(1, sysconf(Int32(_SC_CLK_TCK))))
    return Int((ticks - lastTicks) * 1_000_000_000 / ticksPerSecond * 1000 / elapsed)
  }

  /// The fourth number of the first line: "cpu user nice system idle ...".
  private static func idleTicks() -> Int64? {
    let number = open("/proc/stat", O_RDONLY | O_CLOEXEC)
    if number < 0 { return nil }
    let file = Descriptor(owning: number)
    return withUnsafeTemporaryAllocation(byteCount: 256, alignment: 1) { room -> Int64? in
      let count = read(file.number, room.baseAddress, room.count)
      if count <= 0 { return nil }
      let fields = String(decoding: room[..<count], as: UTF8.self).split(separator: " ")
      return fields.count > 4 && fields[0] == "cpu" ? Int64(fields[4]) : nil
    }
  }
}
