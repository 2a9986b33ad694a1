// What both ends of a connection have allowed each other: how long a client may be silent, how large
// a packet may be, which aliases, QoS and RETAIN there are (3.1.2.10, 3.1.2.11, 3.2.2.3).

import Basis
import MQTTCodec

extension ProtocolWatch {
  mutating func checkKeepAlive(_ now: Waiting, _ connection: WatchedConnection) {
    guard connection.keepAliveSeconds > 0, connection.isAccepted, !connection.lacksBytes,
      let last = connection.lastFromClient
    else { return }
    let silence = now.time - last.time
    let allowed = Int64(connection.keepAliveSeconds) * 1_000_000_000
    // Half a second is what timers and networks take.
    if silence <= allowed + 500_000_000 { return }
    let text =
      "the client was silent for \(Self.seconds(silence)), keep alive is "
      + "\(connection.keepAliveSeconds) s"
    if silence > allowed * 3 / 2 + 500_000_000 {
      tell(
        .silentClientKept, connection.evidence(now, after: last.frame),
        text + ", and the server did not close the connection")
    } else {
      tell(.silentClient, connection.evidence(now, after: last.frame), text)
    }
  }

  mutating func pingresp(_ now: Waiting, _ connection: inout WatchedConnection) -> Pairing? {
    guard let request = connection.ping else { return nil }
    connection.ping = nil
    let latency = now.time - request.time
    ping.add(latency)
    if latency > Self.patienceNanoseconds {
      tell(
        .pingrespLate, connection.evidence(now, after: request.frame),
        "PINGRESP comes \(Self.seconds(latency)) after PINGREQ")
    }
    return now.answer(to: request)
  }

  /// `1.5 s`.
  static func seconds(_ nanoseconds: Int64) -> String {
    let tenths = (nanoseconds + 50_000_000) / 100_000_000
    return "\(tenths / 10).\(tenths % 10) s"
  }

  // MARK: Limits

  /// What the receiver of a packet has forbidden (3.1.2.11, 3.2.2.3).
  mutating func checkLimits(
    _ packet: CapturedPacket, _ bytes: Span<UInt8>, _ now: Waiting, _ connection: WatchedConnection
  ) {
    if connection.version != .v5 { return }
    let isToServer = packet.direction == .toServer
    let limits = isToServer ? connection.toServer : connection.toClient
    if let size = packet.header?.packetLength, let most = limits.maximumPacketSize, size > most {
      tell(
        isToServer ? .packetTooLargeForServer : .packetTooLargeForClient,
        connection.evidence(now),
        "\(packet.header?.type.name ?? "packet") of \(size) bytes, the maximum packet size is \(most)"
      )
    }
    guard case .publish(let view) = packet.content else { return }
    let alias = Int(view.topicAlias)
    if let most = limits.topicAliasMaximum, alias > most {
      tell(
        isToServer ? .topicAliasBeyondMaximumOfServer : .topicAliasBeyondMaximumOfClient,
        connection.evidence(now),
        "topic alias \(alias), the topic alias maximum is \(most)")
    } else if alias != 0, packet.aliasedTopic == nil, view.topic.isEmpty, connection.hasBeginning,
      !connection.lacksBytes
    {
      tell(
        .topicAliasUnknown, connection.evidence(now),
        "topic alias \(alias) was never given a topic")
    }
    if let most = limits.maximumQoS, view.qos > most {
      tell(
        .qosUnsupported, connection.evidence(now),
        "PUBLISH at QoS \(view.qos.rawValue), the maximum QoS is \(most.rawValue)")
    }
    if !limits.isRetainAvailable, view.isRetained {
      tell(
        .retainUnsupported, connection.evidence(now),
        "PUBLISH with RETAIN, which the server has said it does not support")
    }
  }
}
