// The thread that checks passwords. The queue is the engine's, which bounds it and drops those whose
// connection is gone; here one is taken at a time, computed without any lock and at a lower priority
// than everything else, and answered. So a flood of logins costs the flooders time and nobody else.
//
//   tick: a check waits, and the checker sleeps --ring--> takeChecks -> compute -> answer -> wake the
//   reactors that got work -> takeChecks ... -> nothing left: sleep

import AccessControl
import Glibc
import MQTTBroker
import MQTTCodec
import Synchronization
import Transport

/// The thread of the passwords.
final class LoginChecker: Sendable {
  /// Checks that are taken at once.
  static let takeLimit = 8
  /// How long a first answer waits for those that were taken with it, in nanoseconds.
  static let gatherNanoseconds: Int64 = 1_000_000
  /// What the thread adds to its nice value.
  static let niceness: Int32 = 10

  private let engine: SharedEngine
  private let isStopping = Atomic<Bool>(false)

  init(_ engine: SharedEngine) { self.engine = engine }

  /// Starts to wait for logins.
  func start() throws(SystemError) {
    let thread = try SystemThread(name: "logins", stackBytes: 1 << 20) { [self] in
      // Zero names the calling thread.
      _ = setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, Self.niceness)
      run()
    }
    thread.detach()
  }

  /// Asks it to end, after the login at hand.
  func stop() {
    isStopping.store(true, ordering: .releasing)
    engine.loginBell.ring()
  }

  private func run() {
    let hasher = LibraryPasswordHasher()
    while !isStopping.load(ordering: .acquiring) {
      let checks = engine.takeCredentialChecks(limit: Self.takeLimit)
      if checks.isEmpty {
        engine.loginBell.wait()
        continue
      }
      var answers: [(check: CredentialCheck, isGenuine: Bool)] = []
      var begun = MonotonicClock.now
      for check in checks {
        answers.append((check, check.hash.accepts(check.password, hasher)))
        let now = MonotonicClock.now
        if now.nanoseconds(since: begun) < Self.gatherNanoseconds { continue }
        engine.answer(answers)
        answers.removeAll()
        begun = now
      }
      engine.answer(answers)
    }
  }
}

extension EngineState {
  /// Whether the checker has to be rung now, which is then the caller's duty.
  mutating func claimChecker() -> Bool {
    guard checkerRests && broker.hasCredentialChecks else { return false }
    checkerRests = false
    return true
  }
}

extension SharedEngine {
  /// The next passwords to check; empty when there are none, and the checker will be rung.
  func takeCredentialChecks(limit: Int) -> [CredentialCheck] {
    state.withLock { state in
      var checks: [CredentialCheck] = []
      while checks.count < limit, let check = state.broker.nextCredentialCheck() {
        checks.append(check)
      }
      state.checkerRests = checks.isEmpty
      return checks
    }
  }

  /// Tells the engine what was found out.
  func answer(_ answers: [(check: CredentialCheck, isGenuine: Bool)]) {
    if answers.isEmpty { return }
    let now = MonotonicClock.now
    tell { broker in
      for answer in answers {
        broker.answer(answer.check, isGenuine: answer.isGenuine, now: now)
      }
    }
  }

  /// Puts other policies in the place of all that there are.
  func setPolicies(_ policies: [ListenerPolicy]) {
    tell { broker in broker.setPolicies(policies, now: MonotonicClock.now) }
  }
}
