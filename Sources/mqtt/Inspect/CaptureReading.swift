// Reading captures from their first byte to their last: files and key logs in, packets to whoever
// listens. On a terminal a long file shows how far it has come.

import Capture
import Commands
import Glibc
import MQTTCodec
import Transport

/// Reads captures.
struct CaptureReading: ~Copyable {
  /// Files from this length on show how far they have been read.
  private static let longByteCount = 32 << 20

  private var keyLog = TLSKeyLog()

  /// A reading with the secrets of these key log files.
  init(keyLogs: [String]) throws(SystemError) {
    for path in keyLogs { keyLog.add(try SystemFile.bytes(path)) }
  }

  /// Reads one file; answers what ended the reading before the end of it.
  func read<Receiver: PacketReceiver & ~Copyable>(
    _ path: String, into receiver: inout Receiver
  ) throws(SystemError) -> CaptureFault? {
    var input = try CaptureInput(path)
    var file = CaptureFile()
    var dissector = Dissector(services: OpenSSLServices(), keyLog: keyLog)
    var progress = ReadingProgress(path, input.totalByteCount, from: Self.longByteCount)
    var fault: CaptureFault?
    do throws(CaptureFault) {
      while try input.read(into: &file) {
        progress?.show(input.byteCount)
        try dissector.dissect(framesOf: &file, into: &receiver)
      }
      fault = file.faultOfEnd
    } catch {
      fault = error
    }
    progress?.clear()
    dissector.finish(into: &receiver)
    return fault
  }
}

/// A line on the terminal that tells how much of a file was read.
struct ReadingProgress {
  private static let width = 40

  private let name: String
  private let total: Int
  private var shown = -1

  /// Nil where nobody would see it, and for what is short or has no known length.
  init?(_ path: String, _ total: Int?, from longByteCount: Int) {
    guard let total, total >= longByteCount, isatty(STDERR_FILENO) == 1,
      isatty(STDOUT_FILENO) == 0
    else { return nil }
    name = path
    self.total = total
  }

  /// Draws the line when it would look different.
  mutating func show(_ count: Int) {
    let percent = min(100, count * 100 / total)
    if percent == shown { return }
    shown = percent
    let full = percent * Self.width / 100
    let bar =
      String(repeating: "█", count: full) + String(repeating: "░", count: Self.width - full)
    Terminal.write("\r\(name) \(bar) \(percent) %", to: STDERR_FILENO)
  }

  /// Takes the line away.
  mutating func clear() {
    if shown >= 0 { Terminal.write("\r\u{1B}[K", to: STDERR_FILENO) }
    shown = -1
  }
}
