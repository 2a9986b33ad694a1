// Who is this client? Its listener's policy says where the user name comes from and whether there
// has to be one. A password is never checked here: that may take a good part of a second, so the
// connection waits, a thread of the shell computes, and its answer comes back as an event. All the
// while nothing of that connection is looked at, and nobody else notices.
//
//   CONNECT -> awaitingCheck -> (delay after failures) -> nextCredentialCheck
//           <- answer: CONNACK, and what the client sent meanwhile is read

package import AccessControl
package import Basis
import MQTTCodec
import MQTTSession
import Text

/// A password that is to be checked, outside the engine.
package struct CredentialCheck: Sendable {
  package let connection: ConnectionID
  package let userName: String
  package let password: [UInt8]
  /// What the password is compared with; for an unknown user somebody else's, so that it costs as
  /// much.
  package let hash: PasswordHash
  let isKnown: Bool
}

/// What the engine remembers of those who are not in yet.
struct Logins {
  /// Connections without CONNACK, in the order in which they came.
  var unidentified = ConnectionQueue()
  var unidentifiedCount = 0
  /// Those whose password is to be checked.
  var checks = ConnectionQueue()
  var waitingCount = 0
  var delays = LoginDelays()
  /// Connections of each address, and whether it was said that they are too many; only with a
  /// limit, and only ever asked.
  var perAddress: [PeerAddress: (count: Int, isFull: Bool)] = [:]
  /// Whether it was said that too many logins wait.
  var isFull = false
}

extension Broker {
  /// What the listener of a connection asks.
  func policy(of index: Slot<Connection>) -> ListenerPolicy {
    gate.policy(ofListener: connections[index].listener)
  }

  /// Finds out who a client is that says it in CONNECT or in its TLS handshake.
  mutating func identify(_ connect: Connect, on index: Slot<Connection>) throws(Violation) {
    let policy = policy(of: index)
    if policy.identity != .packet {
      guard let name = connections[index].extras?.identity else {
        return refuseLogin(
          connect, .badUserNameOrPassword, "its TLS handshake gave no user name", on: index)
      }
      return try admit(connect, data: nil, userName: name, on: index)
    }
    guard let userName = connect.userName else {
      if !policy.allowsAnonymous {
        return refuseLogin(connect, .notAuthorized, "no user name", on: index)
      }
      return try admit(connect, data: nil, userName: nil, on: index)
    }
    guard policy.passwords != nil else {
      if !policy.allowsAnonymous {
        return refuseLogin(connect, .notAuthorized, "no password file", on: index)
      }
      return try admit(connect, data: nil, userName: userName, on: index)
    }
    guard let password = connect.password else {
      return refuseLogin(connect, .notAuthorized, "no password", on: index)
    }
    // Whoever made such an entry hardly meant to let everybody in.
    if password.isEmpty && !configuration.allowsEmptyPasswords {
      return refuseLogin(
        connect, .notAuthorized, "an empty password, see --allow-empty-passwords", on: index)
    }
    awaitCheck(connect, on: index)
  }

  private mutating func awaitCheck(_ connect: Connect, on index: Slot<Connection>) {
    if gate.logins.waitingCount >= configuration.waitingLoginLimit {
      if !gate.logins.isFull {
        gate.logins.isFull = true
        note(
          .warning,
          "max-waiting-logins \(configuration.waitingLoginLimit) is reached; logins are refused "
            + "until passwords have been checked")
      }
      return refuseLogin(connect, .serverBusy, "too many logins wait", on: index)
    }
    let start = gate.logins.delays.start(
      connections[index].address, now: now, failureLimit: configuration.loginFailureLimit,
      delayLimitSeconds: configuration.loginDelayLimitSeconds)
    if start > now.advanced(bySeconds: configuration.connectTimeoutSeconds) {
      return refuseLogin(
        connect, .connectionRateExceeded, "too many failed logins from its address", on: index)
    }
    makeExtras(for: index).waitingConnect = connect
    connections[index].stage = .awaitingCheck
    gate.logins.waitingCount += 1
    let connection = connections.identifier(at: index)
    if start > now {
      deadlines.insert(.login(connection), at: start)
    } else {
      gate.logins.checks.append(connection)
    }
  }

  /// A login has waited long enough.
  mutating func loginIsDue(_ slot: ConnectionID) {
    if connections.contains(slot) && connections[slot.index].stage == .awaitingCheck {
      gate.logins.checks.append(slot)
    }
  }

  /// Whether ``nextCredentialCheck()`` may have something.
  package var hasCredentialChecks: Bool { gate.logins.checks.count > 0 }

  /// The next password to check; answer it with ``answer(_:isGenuine:now:)``.
  package mutating func nextCredentialCheck() -> CredentialCheck? {
    while let connection = gate.logins.checks.popFirst() {
      guard connections.contains(connection),
        connections[connection.index].stage == .awaitingCheck,
        let connect = connections[connection.index].extras?.waitingConnect,
        let userName = connect.userName, let password = connect.password
      else { continue }
      guard let passwords = policy(of: connection.index).passwords else {
        // Read again meanwhile, and now there is no file.
        again(connect, on: connection.index)
        continue
      }
      let entry = passwords.entry(of: userName)
      return CredentialCheck(
        connection: connection, userName: userName, password: password,
        hash: entry?.hash ?? passwords.decoy(for: userName, seed: routing.topicSeed),
        isKnown: entry != nil)
    }
    gate.logins.isFull = false
    return nil
  }

  /// A password was checked: the client is let in or refused, and read on.
  package mutating func answer(_ check: CredentialCheck, isGenuine: Bool, now: Instant) {
    clock.now = now
    let index = check.connection.index
    guard connections.contains(check.connection), connections[index].stage == .awaitingCheck,
      let connect = connections[index].extras?.waitingConnect
    else { return }
    let entry = policy(of: index).passwords?.entry(of: check.userName)
    if isGenuine && check.isKnown && entry?.hash != check.hash {
      // The file was read again meanwhile.
      return again(connect, on: index)
    }
    if !isGenuine || !check.isKnown {
      let count = gate.logins.delays.failed(connections[index].address, now: now)
      if count == configuration.loginFailureLimit && count > 0 {
        note(
          .warning,
          "\(connections[index].peer): \(count) failed logins from its address; further ones wait, "
            + "up to login-delay-limit \(configuration.loginDelayLimitSeconds) s each")
      }
      return refuseLogin(
        connect, .notAuthorized, check.isKnown ? "wrong password" : "unknown user", on: index)
    }
    if let bound = entry?.clientIdentifier, bound != connect.clientIdentifier {
      return refuseLogin(connect, .notAuthorized, "another client identifier's user", on: index)
    }
    gate.logins.delays.succeeded(connections[index].address)
    connections[index].extras?.waitingConnect = nil
    do throws(Violation) {
      try admit(connect, data: nil, userName: check.userName, on: index)
    } catch {
      refuse(index, error)
    }
    goOn(index)
  }

  /// Asks the policy anew about a client that waits.
  private mutating func again(_ connect: Connect, on index: Slot<Connection>) {
    gate.logins.waitingCount -= 1
    connections[index].stage = .awaitingConnect
    connections[index].extras?.waitingConnect = nil
    do throws(Violation) { try identify(connect, on: index) } catch { refuse(index, error) }
    goOn(index)
  }

  /// Whether input of this connection cannot be looked at now, and is better left to the kernel.
  package func wantsNoInput(_ connection: ConnectionID) -> Bool {
    connections.contains(connection) && connections[connection.index].isWaiting
      && connections[connection.index].hasPlace
  }

  /// Answers a CONNECT of somebody who does not get in, with a log line of a fixed form.
  ///
  /// The password is never part of it.
  mutating func refuseLogin(
    _ connect: Connect, _ reasonCode: ReasonCode, _ reason: String, on index: Slot<Connection>
  ) {
    status.counters.loginsRefused += 1
    note(
      .notice,
      "login refused: address=\(connections[index].peer) "
        + "client=\(Self.quoted(connect.clientIdentifier)) "
        + "user=\(connect.userName.map(Self.quoted) ?? "-") reason=\(Self.quoted(reason))")
    send(.connack(Connack(reasonCode: reasonCode)), on: index)
    close(index)
  }

  /// A text between quotes that nothing inside can end.
  static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      if scalar == "\"" || scalar == "\\" { result.unicodeScalars.append("\\") }
      result.unicodeScalars.append(scalar)
    }
    return result + "\""
  }
}
