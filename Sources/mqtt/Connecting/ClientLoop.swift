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
  private var signals: EndSignals?
  /// The first signal that asked for the end.
  private var signal: Int32?
  private var isCutShort = false
  /// When those who are still at their end, after a signal, are ended.
  private var endBy: Instant?
  /// How long the end after a signal may take, in seconds.
  private static let endLimitSeconds = 0.8

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
  func catchSignals() throws(StartFailure) {
    do throws(SystemError) {
      let signals = try EndSignals()
      try reactor.watch(signals.descriptor)
      self.signals = signals
    } catch {
      throw StartFailure(description: "\(error)")
    }
  }

  /// Waits until `descriptor` can be read; ends the command when a signal or `deadline` comes first.
  func waitForInput(_ descriptor: Int32, until deadline: CommandDeadline) throws(StartFailure) {
    let undone = "the input was not read to its end"
    while true {
      var sources = [descriptor, signals?.descriptor ?? -1].map {
        pollfd(fd: $0, events: Int16(POLLIN), revents: 0)
      }
      let count = poll(&sources, 2, deadline.pollMilliseconds)
      if let number = signals?.next() {
        throw StartFailure(
          description: "interrupted; \(undone)", status: ExitStatus.interrupted(by: number))
      }
      if sources[0].revents != 0 { return }
      if count == 0, deadline.remainingNanoseconds == 0 {
        throw StartFailure(description: "timed out; \(undone)", status: ExitStatus.timedOut)
      }
    }
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
    for run in runs { run.tellLosses() }
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
    if let endBy, now >= endBy { abandon(now: now) }
    var isBusy = false
    var deadline = endBy ?? Instant(nanoseconds: .max)
    for index in runs.indices {
      // A single client is also told of ticks that other threads asked for.
      if runs.count == 1 || isTouched[index] || runs[index].client.isLookingUp
        || now >= deadlines[index]
      {
        isTouched[index] = false
        deadlines[index] = runs[index].work(now: now) ?? Instant(nanoseconds: .max)
      }
      deadline = min(deadline, deadlines[index])
      isBusy = isBusy || !runs[index].isDone
    }
    if !isBusy { reactor.stop() }
    return deadline.nanoseconds == .max ? nil : deadline
  }

  /// Ends those who are not at their end yet: first what they do, in the next tick their farewell.
  private func abandon(now: Instant) {
    for index in runs.indices where !runs[index].isDone {
      runs[index].handleSignal(now: now)
      isTouched[index] = true
    }
  }

  /// Descriptors other than that of the signals belong to the first client: its input or output.
  private func handleReady(_ descriptor: Int32, now: Instant) {
    guard let signals, descriptor == signals.descriptor else {
      isTouched[0] = true
      return runs[0].handleReady(descriptor, now: now)
    }
    while let number = signals.next() {
      // Who asks twice waits for nothing.
      endBy = signal == nil ? now.advanced(bySeconds: Self.endLimitSeconds) : now
      if signal == nil {
        signal = number
        abandon(now: now)
      }
    }
  }
}
