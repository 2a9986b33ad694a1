// What `mqtt pub` and `mqtt sub` say to the one who started them: on the standard error stream,
// under the command's name, and nothing at all with --quiet.

import Basis
import Commands
import Glibc
import MQTTClient
import MQTTCodec
import MQTTSession
import Transport

/// The standard error stream of a client command.
struct ClientConsole {
  /// `mqtt pub` or `mqtt sub`.
  let name: String
  let isQuiet: Bool
  /// Whether packets are shown.
  let isDebug: Bool
  /// Which of many clients speaks; empty when there is one.
  let client: String

  init(_ name: String, _ options: ConnectionOptions, client: String = "") {
    self.name = name
    self.client = client
    isQuiet = options.isQuiet
    isDebug = options.isDebug
  }

  /// Says one thing.
  func say(_ text: String) {
    if isQuiet { return }
    let speaker = client.isEmpty ? "" : "\(client): "
    Terminal.write("\(name): \(speaker)\(text)\n", to: STDERR_FILENO)
  }

  /// Shows packets, a line each, with the time of the wall clock, and after the last packet of a
  /// handshake how long each of its steps took.
  func show(
    _ traces: [PacketTrace], _ handshakes: inout HandshakeLog, _ topics: inout AliasedTopics,
    at now: Instant
  ) {
    if traces.isEmpty { return }
    var text = ""
    let time = Self.timeOfDay(WallClock.nanoseconds) + (client.isEmpty ? "" : " \(client)")
    for trace in traces {
      let course: PacketCourse =
        switch trace.direction {
        case .toServer: .sent
        case .toClient: .received
        }
      let packet = topics.resolved(trace.packet, course)
      text += "\(time) \(PacketLine.text(packet, course))\n"
      if let course = handshakes.note(packet, course, at: now) {
        text += "\(time) \(course)\n"
      }
    }
    Terminal.write(text, to: STDERR_FILENO)
  }

  /// `12:00:00.123` in the time zone of the process.
  private static func timeOfDay(_ nanoseconds: Int64) -> String {
    var seconds = time_t(nanoseconds / 1_000_000_000)
    var local = tm()
    localtime_r(&seconds, &local)
    let parts = [local.tm_hour, local.tm_min, local.tm_sec].map { $0 < 10 ? "0\($0)" : "\($0)" }
    let thousandths = nanoseconds / 1_000_000 % 1_000
    let padding = thousandths < 10 ? "00" : thousandths < 100 ? "0" : ""
    return parts.joined(separator: ":") + ".\(padding)\(thousandths)"
  }
}

extension ConnectionFailure {
  /// What the failure becomes as an exit status: the broker's reason where it gave one.
  var exitStatus: Int32 {
    if losses != nil { return ExitStatus.connectionsLost }
    guard case .session(let ending, _) = cause else { return ExitStatus.failure }
    switch ending {
    case .refused(let connack):
      return ExitStatus.refusal(connack.reasonCode, of: .connack, version: version)
    case .disconnectedByServer(let disconnect):
      return ExitStatus.refusal(disconnect.reasonCode, of: .disconnect, version: version)
    case .disconnectedHere, .olderVersionWanted, .fault, .connackTimeout, .pingTimeout,
      .connectionLost:
      return ExitStatus.failure
    }
  }
}
