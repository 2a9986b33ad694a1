// What is seen while a run goes on: on a terminal one line that is drawn again ten times a second,
// elsewhere a plain line each second. It goes to the standard error stream, so that results can be
// piped.

import Basis
import Bench
import Commands
import Glibc
import Synchronization
import Transport

final class LiveProgress: LoadObserver {
  private let isTerminal: Bool
  private let isQuiet: Bool
  private let settings: LoadSettings
  private let name: String
  private var last: SecondSample?
  private var isDrawn = false

  init(_ settings: LoadSettings, name: String, isQuiet: Bool) {
    self.settings = settings
    self.name = name
    self.isQuiet = isQuiet
    isTerminal = isatty(STDERR_FILENO) == 1
  }

  func passed(_ sample: SecondSample, elapsedSeconds: Double) {
    last = sample
    if isQuiet || isTerminal { return }
    var words = ["\(name) \(sample.second) s:"]
    if sample.connected > 0 { words.append("connected \(sample.connected.grouped)") }
    if sample.sent > 0 { words.append("sent \(sample.sent.grouped)") }
    if sample.received > 0 { words.append("received \(sample.received.grouped)") }
    if sample.acknowledged > 0 { words.append("acknowledged \(sample.acknowledged.grouped)") }
    if let p50 = sample.p50Microseconds, let p99 = sample.p99Microseconds {
      words.append("p50 \(ReportText.number(p50)) us, p99 \(ReportText.number(p99)) us")
    }
    if words.count > 1 {
      Terminal.write(words.joined(separator: " ") + "\n", to: STDERR_FILENO)
    }
  }

  func moved(_ progress: LoadProgress, step: LoadStep, elapsedSeconds: Double) {
    if isQuiet || !isTerminal { return }
    var text = "\(name) "
    switch step {
    case .connecting:
      let ready = progress.connections.load(ordering: .relaxed)
      text += "connected \(UInt64(ready).grouped) of \(UInt64(settings.cast.clientCount).grouped)"
    case .publishing: text += bar(progress) + " " + counts(progress)
    case .draining, .returning: text += "waiting for the rest " + counts(progress)
    case .parting, .clearing, .leaving: text += "leaving"
    }
    isDrawn = true
    // A line that is wrapped could not be drawn again in its place.
    let line = text.prefix(Terminal.width(STDERR_FILENO) - 1)
    Terminal.write("\r\u{1B}[K\(line)", to: STDERR_FILENO)
  }

  /// Takes the line away; of `result` there stays one that says what came of it.
  func finish(leaving result: RunResult?) {
    if isDrawn { Terminal.write("\r\u{1B}[K", to: STDERR_FILENO) }
    guard let result, !isQuiet else { return }
    Terminal.write(TourTable.line(result) + "\n", to: STDERR_FILENO)
  }

  private func bar(_ progress: LoadProgress) -> String {
    var share = 0.0
    if let count = settings.count {
      share = Double(progress.sent.load(ordering: .relaxed)) / Double(count)
    } else {
      let start = progress.publishStart.load(ordering: .relaxed)
      let past = MonotonicClock.now.nanoseconds - start
      share = Double(past) / Double(settings.durationNanoseconds + settings.warmUpNanoseconds)
    }
    let width = 20
    let full = Int((min(1, max(0, share)) * Double(width)).rounded())
    return "[" + String(repeating: "=", count: full)
      + String(repeating: " ", count: width - full) + "]"
  }

  private func counts(_ progress: LoadProgress) -> String {
    let sent = progress.sent.load(ordering: .relaxed)
    let delivered = progress.delivered.load(ordering: .relaxed)
    let outstanding = max(0, sent * settings.cast.fanOut - delivered)
    var text = ""
    if let last, last.second >= 0 {
      text += "\((last.received > 0 ? last.received : last.sent).grouped)/s "
      if let p99 = last.p99Microseconds { text += "p99 \(ReportText.number(p99)) us " }
    }
    if settings.cast.fanOut > 0 {
      let missing = max(0, progress.missing.load(ordering: .relaxed))
      text += "missing \(UInt64(missing).grouped) outstanding \(UInt64(outstanding).grouped)"
    }
    return text
  }
}
