// `mqtt sub --top`: a table of topics with how much comes over each and what came last. On a terminal
// it is drawn anew each second, the busiest topics first and no more than there are lines; otherwise
// it is printed once, at the end, and whole. Keys choose what is sorted by; the terminal hands them
// over one by one and does not show them until the command ends.

import Basis
import Commands
import Glibc
import MQTTClient
import MQTTCodec
import MQTTSession
import Transport

/// Counts messages by topic.
final class TopicTableSink: MessageSink {
  private static let secondNanoseconds: Int64 = 1_000_000_000

  private var table = TopicTable()
  private let isLive = isatty(STDOUT_FILENO) == 1
  private var nextDrawing: Instant?
  private var hasDrawn = false
  private var order = TopicOrder.rate
  /// How the terminal was before keys were read from it; nil while none are.
  private var settingsBefore: termios?

  deinit { stopReadingKeys() }

  private(set) var takenEnd: UInt64 = 0
  /// A message is counted at once, and counting is all that was asked for.
  var settledEnd: UInt64 { takenEnd }
  let waitingByteCount = 0

  func take(_ view: PublishView, _ run: ClientRun, now: Instant) {
    table.count(run.client.session.publish(view), at: now)
    takenEnd += 1
  }

  func settle(_ run: ClientRun, now: Instant) -> SinkProgress {
    guard isLive else { return .going(until: nil) }
    if !hasDrawn { readKeys(run) }
    if let nextDrawing, now < nextDrawing { return .going(until: nextDrawing) }
    table.tick(at: now)
    draw(now)
    let next = now.advanced(byNanoseconds: Self.secondNanoseconds)
    nextDrawing = next
    return .going(until: next)
  }

  /// The terminal keeps the last drawing; what is no terminal gets the only one.
  func end(_ run: ClientRun, now: Instant) {
    if isLive {
      if settingsBefore != nil { run.reactor.unwatch(STDIN_FILENO) }
      stopReadingKeys()
      table.tick(at: now)
      draw(now)
    } else {
      Terminal.write(table.text(at: now, width: nil, height: nil), to: STDOUT_FILENO)
    }
  }

  /// Has each key handed over at once, if the standard input is the terminal and is ours.
  private func readKeys(_ run: ClientRun) {
    var settings = termios()
    guard tcgetpgrp(STDIN_FILENO) == getpgrp(), tcgetattr(STDIN_FILENO, &settings) == 0,
      (try? run.reactor.watch(STDIN_FILENO)) != nil
    else { return }
    settingsBefore = settings
    settings.c_lflag &= ~tcflag_t(ICANON | ECHO)
    tcsetattr(STDIN_FILENO, TCSADRAIN, &settings)
  }

  private func stopReadingKeys() {
    guard var settings = settingsBefore else { return }
    tcsetattr(STDIN_FILENO, TCSADRAIN, &settings)
    settingsBefore = nil
  }

  func handleReady(_ descriptor: Int32, _ run: ClientRun, now: Instant) {
    guard descriptor == STDIN_FILENO else { return }
    var key: UInt8 = 0
    if read(STDIN_FILENO, &key, 1) != 1 {
      run.reactor.unwatch(STDIN_FILENO)
      return stopReadingKeys()
    }
    guard let order = TopicOrder(rawValue: key) else { return }
    self.order = order
    draw(now)
  }

  private func draw(_ now: Instant) {
    var size = winsize()
    let isKnown =
      ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0 && size.ws_row > 0
    let text = table.text(
      at: now, width: isKnown ? Int(size.ws_col) : 80, height: isKnown ? Int(size.ws_row) - 1 : 23,
      order: order, tellsKeys: settingsBefore != nil)
    // Clear once, then write over what is there line by line, so that nothing flickers.
    let lines = text.split(separator: "\n").map { "\($0)\u{1B}[K\n" }.joined()
    Terminal.write(
      (hasDrawn ? "\u{1B}[H" : "\u{1B}[2J\u{1B}[H") + lines + "\u{1B}[J", to: STDOUT_FILENO)
    hasDrawn = true
  }
}
