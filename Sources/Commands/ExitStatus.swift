// What the exit status of every command tells a script.

package import MQTTCodec

/// The exit statuses of all commands.
package enum ExitStatus {
  /// Everything asked for was done.
  package static let success: Int32 = 0
  /// Something failed; the reason stands on the standard error stream.
  package static let failure: Int32 = 1
  /// The command line cannot be run.
  package static let usage: Int32 = 2
  /// The broker broke a promise (`mqtt bench`).
  package static let promiseBroken: Int32 = 3
  /// A condition of `--fail-if` holds (`mqtt bench`).
  package static let conditionHolds: Int32 = 4
  /// One connection after the other was lost with the same message on its way (`mqtt pub`), or with
  /// the same SUBSCRIBE (`mqtt sub`).
  package static let connectionsLost: Int32 = 7
  /// Connections were cut, and what was on its way then may be lost, or have come twice: MQTT has no
  /// way to find out (`mqtt pub`).
  package static let uncertain: Int32 = 8
  /// The time of `-W` ran out.
  package static let timedOut: Int32 = 27

  /// Work was cut short by a signal: the process shall end by that signal itself, so that shells,
  /// make and systemd see it.
  package static func interrupted(by signal: Int32) -> Int32 { -signal }

  /// The signal of ``interrupted(by:)``; nil for every other status.
  package static func signal(of status: Int32) -> Int32? { status < 0 ? -status : nil }

  /// What a refusal by the broker becomes: the reason code of MQTT 5.
  ///
  /// A refused CONNECT of an older version becomes that version's return code, 1 to 5, which is
  /// what mosquitto's clients give.
  package static func refusal(
    _ code: ReasonCode, of packet: PacketType, version: ProtocolVersion
  ) -> Int32 {
    if packet == .connack, version != .v5 {
      switch code {
      case .unsupportedProtocolVersion: return 1
      case .clientIdentifierNotValid: return 2
      case .serverUnavailable: return 3
      case .badUserNameOrPassword: return 4
      case .notAuthorized: return 5
      default: break
      }
    }
    return code.isFailure ? Int32(code.rawValue) : failure
  }
}
