// The same configuration for Debian's mosquitto and for ours: whether it starts, where it listens,
// and how it answers a CONNECT of each version.
//
// Two things differ on purpose: ours announces its longest packet, as mosquitto 2.1 does, and what
// only 2.1 knows is no part of this.

import Foundation
import LiveSupport
import Testing

/// What a broker makes of a configuration.
private struct Outcome: Equatable {
  var isStarted: Bool
  /// Of the two ports of the configuration, on IPv4 and IPv6 of this machine.
  var listens: [Bool] = []
  /// To MQTT 3.1, 3.1.1 and 5.0.
  var answers: [[UInt8]] = []
}

@Suite struct MosquittoConfigurationTests {
  static let open = "listener {P}\nallow_anonymous true\n"

  static let corpus: [String] = [
    open, "listener {P} 127.0.0.1\nallow_anonymous true\n", "listener {P}\n",
    "listener {P} ::1\nallow_anonymous true\n", "port {P}\nallow_anonymous true\n",
    "port {P}\nbind_address 127.0.0.1\nallow_anonymous true\n", open + "listener {Q} 127.0.0.1\n",
    "per_listener_settings true\nlistener {Q}\nallow_anonymous true\nlistener {P}\n",
    open + "per_listener_settings true\n", "listener {P}\nallow_anonymous 1\n",
    "listener {P}\nallow_anonymous yes\n", "listener {P}\nallow_anonymous true # x\n",
    "listener {P} # x\nallow_anonymous true\n", "  listener {P}\n  allow_anonymous true\n",
    "\tlistener {P}\n", "listener\t{P}\n", "listener    {P}  \nallow_anonymous   true  \n",
    open + "  # x\n", "listener {P}\r\nallow_anonymous true\r\n", open + "foo 1\n",
    "Listener {P}\n",
    "listener\n", "listener 0\n", "listener 70000\n", "listener -1\n",
    open + "socket_domain ipv4\n", open + "socket_domain ipv6\n", open + "socket_domain ip\n",
    open + "bind_interface lo\n", open + "bind_interface nope0\n", open + "max_qos 1\n",
    open + "max_qos 0\n", open + "max_qos 3\n", open + "max_topic_alias 0\n",
    open + "max_topic_alias 5\n", open + "max_topic_alias -1\n",
    open + "max_inflight_messages 0\n", open + "max_inflight_messages 65535\n",
    open + "max_inflight_messages 65536\n", open + "max_inflight_messages -3\n",
    open + "max_inflight_messages 5\nmax_inflight_messages 6\n", open + "max_inflight_messages\n",
    open + "retain_available false\n", open + "max_packet_size 1000\n",
    open + "max_packet_size 19\n", open + "max_keepalive 90\n", open + "max_connections 0\n",
    open + "persistent_client_expiration 2w\n", open + "persistent_client_expiration 2\n",
    open + "persistent_client_expiration 0d\n", open + "sys_interval 0\n",
    open + "sys_interval 65536\n", open + "log_dest nowhere\n", open + "log_type loud\n",
    open + "log_dest\n", open + "log_facility 9\n",
    open + "log_timestamp_format %Y\nlog_timestamp_format %m\n",
    open + "password_file /none/passwords\n", open + "acl_file /none/acl\n",
    "listener {P}\ncertfile /none/c\nkeyfile /none/k\n",
    "listener {P}\nallow_anonymous true\ncafile {C}/ca.crt\n",
    "listener {P}\npsk_hint h\ncertfile {C}/server.crt\n", open + "mount_point a/\n",
    open + "mount_point a/#\n", "mount_point a/\n" + open, "listener {P}\nlistener {P}\n",
    open + "use_username_as_clientid true\n", open + "protocol mqtt\n", open + "protocol x\n",
    open + "retry_interval 20\n", open + "plugin /none.so\n", open + "auth_opt_x 3\n",
    open + "include_dir /none\n", open + "user root\nuser root\n",
    open + "auto_id_prefix z\nauto_id_prefix z\n", open + "clientid_prefixes c\n",
    open + "clientid_prefixes zz\n", open + "autosave_interval -5\nautosave_on_changes true\n",
    open + "set_tcp_nodelay true\nupgrade_outgoing_qos true\nqueue_qos0_messages true\n",
  ]

  private func outcome(_ text: String, _ command: [String]) throws -> Outcome {
    let ports = try [freePort(), freePort()]
    let broker = try MosquittoFileBroker(
      text.replacing("{P}", with: "\(ports[0])").replacing("{Q}", with: "\(ports[1])")
        .replacing("{C}", with: TestCertificates.folder), command: command)
    // Ready, or at its end.
    _ = poll(20) {
      !broker.program.isRunning || ports.contains { isListening($0, "127.0.0.1") }
        || ports.contains { isListening($0, "::1") }
    }
    // Mosquitto listens at one address after the other, and before it has looked at certificates.
    usleep(200_000)
    guard broker.program.isRunning else { return Outcome(isStarted: false) }
    let listens = ports.flatMap { port in
      ["127.0.0.1", "::1"].map { isListening(port, $0) }
    }
    let answers = listens[0] ? try [3, 4, 5].map { try answer(ports[0], $0) } : []
    return Outcome(isStarted: true, listens: listens, answers: answers)
  }

  private func isListening(_ port: UInt16, _ host: String) -> Bool {
    let socket = Foundation.socket(
      host == "::1" ? AF_INET6 : AF_INET,
      Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue),
      0)
    defer { close(socket) }
    if host == "::1" {
      var address = sockaddr_in6()
      address.sin6_family = sa_family_t(AF_INET6)
      address.sin6_port = port.bigEndian
      address.sin6_addr = in6addr_loopback
      return withUnsafePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in6>.size)) == 0
        }
      }
    }
    return (try? TCPConnection(port: port)) != nil
  }

  /// The CONNACK, its properties in the order of their identifiers and without Maximum Packet Size
  /// where that is ours by default.
  private func answer(_ port: UInt16, _ level: UInt8) throws -> [UInt8] {
    let bytes = try connack(port: port, level: level)
    guard level == 5, bytes.count > 5 else { return bytes }
    let sizes: [UInt8: Int] = [0x13: 2, 0x21: 2, 0x22: 2, 0x24: 1, 0x25: 1, 0x27: 4]
    var properties: [[UInt8]] = []
    var rest = bytes[5...]
    while let identifier = rest.first {
      guard let size = sizes[identifier] else { return bytes }
      properties.append(Array(rest.prefix(size + 1)))
      rest = rest.dropFirst(size + 1)
    }
    let ours: [UInt8] = [0x27, 0, 0x1E, 0x84, 0x80]
    return bytes[2..<4]
      + properties.filter { $0 != ours }.sorted { $0.lexicographicallyPrecedes($1) }.flatMap { $0 }
  }

  @Test(arguments: corpus) func `a configuration means the same to mosquitto`(text: String) throws {
    let theirs = try outcome(text, ["/usr/sbin/mosquitto"])
    let ours = try outcome(text, [mqttPath, "broker"])
    #expect(ours == theirs)
  }
}
