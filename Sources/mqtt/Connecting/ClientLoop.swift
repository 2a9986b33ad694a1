// One reactor and the clients that a command has on it: mostly one, with `mqtt pub --clients` many.
// In a tick only those are looked at to whom something happened or whose time has come, so that a
// thousand silent clients cost a glance at a thousand deadlines.

import Basis
import Commands
import Glibc
import MQTTClient
import Transport

/// Drives clients until all of them are done.
final class ClientLoop: ReactorDelegate {
  let reactor: Reactor
  /// What the command will end with: the first thing that went wrong.
  private(set) var status = ExitStatus.success
  private var runs: [ClientRun] = []
  /// When each of them wants to be called again.
  private var deadlines: [Instant] = []
  private var isTouched: [Bool] = []
  private var signals: SignalBox?
  /// The first signal that asked for the end.
  private var signal: Int32?
  private var isCutShort = false

  init() throws(StartFailure) {
    do throws(SystemError) {
      reactor = try Reactor(index: 0)
    } catch {
      throw StartFailure(description: "\(error)")
    }
    reactor.keepsSpareBuffers = true
  }

  /// What the events of the next client carry as their owner.
  var nextOwner: UInt64 { UInt64(runs.count) }

  /// Takes a client whose owner number was ``nextOwner``.
  func add(_ run: ClientRun) {
    runs.append(run)
    deadlines.append(.start)
    isTouched.append(false)
  }

  /// Ends by good-bye instead of by signal from here on.
  func catchSignals(_ numbers: [Int32]) throws(SystemError) {
    let signals = SignalBox(try Signals(numbers))
    try reactor.watch(signals.signals.descriptor)
    self.signals = signals
  }

  /// Notes what the command ends with, unless something has gone wrong before.
  func note(_ status: Int32) {
    if self.status == ExitStatus.success { self.status = status }
  }

  /// Notes that a signal leaves something undone, which has been said.
  func noteCutShort() { isCutShort = true }

  /// Connects all and runs to the end; returns the exit status.
  func run() -> Int32 {
    for run in runs { run.client.connect(now: MonotonicClock.now) }
    // The first tick is for what came of that already, and for deadlines that begin here.
    reactor.wake()
    reactor.run(self)
    if isCutShort, let signal { return ExitStatus.interrupted(by: signal) }
    return status
  }

  func tick(_ reactor: Reactor, now: Instant) -> Instant? {
    for event in reactor.events {
      if case .readable(let descriptor) = event.event {
        handleReady(descriptor, now: now)
      } else {
        let index = Int(event.owner)
        runs[index].handle(event, now: now)
        isTouched[index] = true
      }
    }
    var isBusy = false
    var deadline = Instant(nanoseconds: .max)
    for index in runs.indices {
      // A single client is also told of ticks that other threads asked for.
      if runs.count == 1 || isTouched[index] || now >= deadlines[index] {
        isTouched[index] = false
        deadlines[index] = runs[index].work(now: now) ?? Instant(nanoseconds: .max)
      }
      deadline = min(deadline, deadlines[index])
      isBusy = isBusy || !runs[index].isDone
    }
    if !isBusy { reactor.stop() }
    return deadline.nanoseconds == .max ? nil : deadline
  }

  /// Descriptors other than that of the signals belong to the first client: its input or output.
  private func handleReady(_ descriptor: Int32, now: Instant) {
    guard let signals, descriptor == signals.signals.descriptor else {
      isTouched[0] = true
      return runs[0].handleReady(descriptor, now: now)
    }
    while let number = signals.signals.next() {
      signal = signal ?? number
      for index in runs.indices {
        runs[index].handleSignal(now: now)
        isTouched[index] = true
      }
    }
  }
}

/// Signals in a box, since a class cannot take a unique value out of an optional to use it.
private final class SignalBox {
  let signals: Signals

  init(_ signals: consuming Signals) { self.signals = signals }
}
