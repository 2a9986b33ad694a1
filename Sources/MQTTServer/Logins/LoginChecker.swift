// The thread that checks passwords. The queue is the engine's, which bounds it and drops those whose
// connection is gone; here a few are taken at a time, computed, and answered, so that a flood of
// logins costs the flooders time and nobody else.
//
//   tick: takes answers, hands over checks --ring--> the checker computes --wake--> tick
//
// The thread has a lower priority than everything else, so it may be put to sleep at any moment; it
// therefore never touches the engine's lock, and what it shares with the reactors is tried by them
// and not waited for.

import AccessControl
import Basis
import Glibc
import MQTTBroker
import Synchronization
import Transport

/// A password that was checked.
struct LoginAnswer: Sendable {
  let check: CredentialCheck
  let isGenuine: Bool
}

/// The thread of the passwords.
final class LoginChecker: Sendable {
  /// Checks that are handed over and not answered.
  static let handedLimit = 8
  /// How long a first answer waits for those that were taken with it, in nanoseconds.
  static let gatherNanoseconds: Int64 = 1_000_000
  /// What the thread adds to its nice value.
  static let niceness: Int32 = 10

  private let bell = Bell()
  private let checks = Mutex<[CredentialCheck]>([])
  private let answers = Mutex<[LoginAnswer]>([])
  private let hasAnswers = Atomic<Bool>(false)
  private let isStopping = Atomic<Bool>(false)

  /// Starts to wait for logins; their answers are told to `reactor`.
  func start(telling reactor: Reactor) throws(SystemError) {
    let thread = try SystemThread(name: "logins", stackBytes: 1 << 20) { [self] in
      // Zero names the calling thread.
      _ = setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, Self.niceness)
      run(reactor)
    }
    thread.detach()
  }

  /// Asks it to end, after the login at hand.
  func stop() {
    isStopping.store(true, ordering: .releasing)
    bell.ring()
  }

  private func run(_ reactor: Reactor) {
    let hasher = LibraryPasswordHasher()
    while !isStopping.load(ordering: .acquiring) {
      let taken = checks.withLock { checks in
        let all = checks
        checks = []
        return all
      }
      if taken.isEmpty {
        bell.wait()
        continue
      }
      var made: [LoginAnswer] = []
      var begun = MonotonicClock.now
      for check in taken {
        made.append(
          LoginAnswer(check: check, isGenuine: check.hash.accepts(check.password, hasher)))
        let now = MonotonicClock.now
        if now.nanoseconds(since: begun) < Self.gatherNanoseconds { continue }
        tell(made, reactor)
        made.removeAll()
        begun = now
      }
      tell(made, reactor)
    }
  }

  private func tell(_ made: [LoginAnswer], _ reactor: Reactor) {
    if made.isEmpty { return }
    answers.withLock { $0 += made }
    hasAnswers.store(true, ordering: .releasing)
    reactor.wake()
  }

  // MARK: For the reactors

  /// Takes checks; false when that would have to wait.
  func hand(_ fresh: [CredentialCheck]) -> Bool {
    if checks.withLockIfAvailable({ $0 += fresh }) == nil { return false }
    bell.ring()
    return true
  }

  /// What was found out since the last call; nothing, too, when that would have to wait, and then
  /// the reactor is woken again.
  func takeAnswers() -> [LoginAnswer] {
    guard hasAnswers.load(ordering: .acquiring) else { return [] }
    hasAnswers.store(false, ordering: .relaxed)
    let made = answers.withLockIfAvailable { answers in
      let all = answers
      answers = []
      return all
    }
    // Whoever holds it is about to say that there are answers.
    return made ?? []
  }
}

extension EngineState {
  /// Passes answers to the engine, before it looks who has waited too long for one.
  mutating func takeLoginAnswers(_ checker: LoginChecker, _ now: Instant) {
    for answer in checker.takeAnswers() {
      handedCount -= 1
      broker.answer(answer.check, isGenuine: answer.isGenuine, now: now)
    }
  }

  /// Passes checks to the checker; false when one could not be passed and wants another tick soon.
  mutating func handLogins(_ checker: LoginChecker) -> Bool {
    while handedCount < LoginChecker.handedLimit, let check = broker.nextCredentialCheck() {
      handedCount += 1
      checksToHand.append(check)
    }
    if checksToHand.isEmpty { return true }
    if !checker.hand(checksToHand) { return false }
    checksToHand.removeAll(keepingCapacity: true)
    return true
  }
}
