// Messages as lines of standard output, in the format that was asked for.

import Commands
import Glibc
import MQTTClient
import MQTTCodec
import MQTTSession
import Transport

/// The lines that `mqtt sub` prints.
final class LineSink: MessageSink {
  private let format: OutputFormat
  private var output = LineOutput(STDOUT_FILENO)
  private var isWatchingOutput = false

  init(_ format: OutputFormat) { self.format = format }

  var takenEnd: UInt64 { output.endOffset }
  var settledEnd: UInt64 { output.writtenCount }
  var waitingByteCount: Int { output.buffer.count }

  func take(_ view: PublishView, _ run: ClientRun, now: Instant) {
    let now = WallClock.nanoseconds
    let time = WallTime(
      seconds: Int(now / 1_000_000_000), nanoseconds: Int(now % 1_000_000_000))
    let fault = format.append(
      run.client.session.publish(view), receivedAt: time, to: &output.buffer)
    if let fault { run.console.say(fault.description) }
  }

  func settle(_ run: ClientRun, now: Instant) -> SinkProgress {
    do throws(SystemError) {
      switch output.write() {
      case .done: try watchOutput(false, run)
      case .blocked: try watchOutput(true, run)
      case .failed(let error): throw error
      }
      return .going(until: nil)
    } catch {
      if isWatchingOutput { run.reactor.unwatch(STDOUT_FILENO) }
      isWatchingOutput = false
      // A reader that has had enough is no news; a full disk is.
      return .closed(reason: error.code == EPIPE ? nil : "\(error)")
    }
  }

  /// Asks to be told when the reader takes something again.
  private func watchOutput(_ wanted: Bool, _ run: ClientRun) throws(SystemError) {
    if wanted == isWatchingOutput { return }
    if wanted {
      try run.reactor.watch(STDOUT_FILENO, forWriting: true)
    } else {
      run.reactor.unwatch(STDOUT_FILENO)
    }
    isWatchingOutput = wanted
  }
}
