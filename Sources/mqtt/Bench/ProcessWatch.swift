// What another process of this machine uses: processor time of all its threads by the clock that the
// kernel has for each process, and resident memory from /proc.

import Basis
import Bench
import Glibc
import Transport

/// Watches one process during the measured part of a run.
final class ProcessWatch {
  private(set) var use: ProcessUse
  private var startSeconds = 0.0
  private var lastLook = Instant.start
  private var isRunning = false

  /// Nil when there is no such process.
  init?(process: Int) {
    if Self.cpuSeconds(of: process) == nil { return nil }
    use = ProcessUse(process: process)
  }

  func begin() {
    isRunning = true
    startSeconds = Self.cpuSeconds(of: use.process) ?? 0
    use.residentBytesBefore = Self.residentBytes(of: use.process)
    look()
  }

  /// Notes the memory of the moment, ten times a second at most.
  func look() {
    let now = MonotonicClock.now
    guard isRunning, now.nanoseconds(since: lastLook) > 100_000_000 else { return }
    lastLook = now
    use.residentBytesHighest = max(
      use.residentBytesHighest, Self.residentBytes(of: use.process))
  }

  func end() {
    if !isRunning { return }
    isRunning = false
    use.cpuSeconds = max(0, (Self.cpuSeconds(of: use.process) ?? startSeconds) - startSeconds)
    use.residentBytesAfter = Self.residentBytes(of: use.process)
    use.residentBytesHighest = max(use.residentBytesHighest, use.residentBytesAfter)
  }

  /// Processor time of a process; nil when there is none.
  static func cpuSeconds(of process: Int) -> Double? {
    var clock = clockid_t()
    var time = timespec()
    guard let identifier = pid_t(exactly: process), identifier > 0,
      clock_getcpuclockid(identifier, &clock) == 0, clock_gettime(clock, &time) == 0
    else { return nil }
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }

  static func residentBytes(of process: Int) -> Int {
    let fields = SystemFile.text("/proc/\(process)/statm").split(separator: " ")
    return fields.count > 1 ? (Int(fields[1]) ?? 0) * Int(getpagesize()) : 0
  }
}
