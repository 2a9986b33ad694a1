// A delegate made of a closure, and a peer made of plain blocking calls: reactors are tested through
// real sockets.

import Glibc
import MQTTCodec
import Testing
import Transport

/// Runs a reactor with a closure per event until the test says that it is done.
final class ReactorScript: ReactorDelegate {
  private let onEvent: (Reactor, ReactorEvent) -> Void
  private let onTick: (Reactor) -> Void
  /// Ends the run at the end of the tick that sets it.
  var isDone = false
  private(set) var timedOut = false
  private let limit = MonotonicClock.now.advanced(bySeconds: 20)

  init(
    onTick: @escaping (Reactor) -> Void = { _ in },
    onEvent: @escaping (Reactor, ReactorEvent) -> Void
  ) {
    self.onEvent = onEvent
    self.onTick = onTick
  }

  func tick(_ reactor: Reactor, now: Instant) -> Instant? {
    for event in reactor.events { onEvent(reactor, event) }
    onTick(reactor)
    if now > limit { timedOut = true }
    if isDone || timedOut { reactor.stop() }
    return limit.advanced(bySeconds: 1)
  }

  /// Turns the reactor until done, and fails the test when that never happens.
  func run(_ reactor: Reactor) {
    isDone = false
    reactor.run(self)
    #expect(!timedOut, "the awaited event never came")
  }
}

/// The bytes of a received event.
func bytes(_ reactor: Reactor, _ range: Range<Int>) -> [UInt8] {
  let span = reactor.received(range)
  return span.indices.map { span[$0] }
}

/// A buffer that holds `bytes`.
func buffer(_ bytes: [UInt8]) -> ByteBuffer {
  var buffer = ByteBuffer()
  buffer.append(bytes.span)
  return buffer
}

/// A listener on a free port of the loopback address.
func loopbackListener() throws -> ListenSocket {
  try ListenSocket(ListenerSettings(address: .loopback4(port: 0)))
}
