// Messages as lines of standard output or of a file, in the format that was asked for.

import Basis
import CLinux
import Commands
import Glibc
import MQTTClient
import MQTTCodec
import MQTTSession
import Transport

/// The lines that `mqtt sub` prints or records.
final class LineSink: MessageSink {
  /// What a line is made of.
  enum Content {
    case format(OutputFormat)
    /// A line of JSON that leaves out nothing.
    case recording
  }

  private let content: Content
  private let descriptor: Int32
  private var output: LineOutput
  private var isWatchingOutput = false

  /// Lines of standard output.
  init(_ content: Content) {
    self.content = content
    descriptor = STDOUT_FILENO
    output = LineOutput(descriptor)
  }

  /// A recording at the end of the file at `path`; `-` is standard output.
  init(recording path: String) throws(StartFailure) {
    content = .recording
    if path == "-" {
      descriptor = STDOUT_FILENO
      output = LineOutput(descriptor)
      return
    }
    descriptor = linux_open_private(path, O_RDWR | O_APPEND)
    if descriptor < 0 || !WholeFile.dropsTornLine(of: descriptor) {
      throw StartFailure(description: "cannot write \(path): \(String(cString: strerror(errno)))")
    }
    output = LineOutput(descriptor, name: path)
  }

  deinit { if descriptor != STDOUT_FILENO { close(descriptor) } }

  var takenEnd: UInt64 { output.endOffset }
  var settledEnd: UInt64 { output.writtenCount }
  var waitingByteCount: Int { output.buffer.count }

  func take(_ view: PublishView, _ run: ClientRun, now: Instant) {
    let now = WallClock.nanoseconds
    let message = run.client.session.publish(view)
    switch content {
    case .format(let format):
      let time = WallTime(
        seconds: Int(now / 1_000_000_000), nanoseconds: Int(now % 1_000_000_000))
      let fault = format.append(message, receivedAt: time, to: &output.buffer)
      if let fault { run.console.say(fault.description) }
    case .recording:
      RecordedMessage(message, receivedAt: now).append(to: &output.buffer)
    }
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
      if isWatchingOutput { run.reactor.unwatch(descriptor) }
      isWatchingOutput = false
      // A reader that has had enough is no news; a full disk is.
      return .closed(reason: error.code == EPIPE ? nil : "\(error)")
    }
  }

  /// Asks to be told when the reader takes something again.
  private func watchOutput(_ wanted: Bool, _ run: ClientRun) throws(SystemError) {
    if wanted == isWatchingOutput { return }
    if wanted {
      try run.reactor.watch(descriptor, forWriting: true)
    } else {
      run.reactor.unwatch(descriptor)
    }
    isWatchingOutput = wanted
  }
}
