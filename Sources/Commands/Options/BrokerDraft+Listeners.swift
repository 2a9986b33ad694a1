// What the command line says of all listeners, those of a configuration file too, beside where they
// are and what is spoken there. The words are those of mosquitto.conf, where each of them belongs to
// one listener.

import MQTTBroker
import MQTTCodec

extension BrokerDraft {
  static let sharedListenerOptions: [Option<BrokerDraft>] = [
    .value(
      "bind-interface", "DEVICE", example: "eth0",
      "of every address, take those of the network interface DEVICE only",
      manual: "For listeners such as --listen 1883, which name no address."
    ) { (draft, text) throws(ValueFault) in
      let name = try Values.name(text, "a network interface")
      draft.set("--bind-interface") { $0.interfaceName = name }
    },
    .value(
      "socket-domain", "DOMAIN", .choices(["ipv4", "ipv6"]), example: "ipv4", default: "both",
      "the only kind of address to wait on"
    ) { (draft, text) throws(ValueFault) in
      let family: ListenerOptions.AddressFamily = try Values.choice(
        text, ["ipv4": .ipv4, "ipv6": .ipv6])
      draft.set("--socket-domain") { $0.family = family }
    },
    .value(
      "mount-point", "PREFIX", example: "home/",
      "put PREFIX in front of all topics of the clients, and take it away again",
      manual: "The clients do not see it; it is part of the topic for access rules and the store."
    ) { (draft, text) throws(ValueFault) in
      let prefix = try ListenerOptions.mountPoint(text)
      draft.set("--mount-point") { $0.terms.mountPoint = prefix }
    },
    .value(
      "accept-protocol-versions", "LIST", example: "4,5", default: "3,4,5",
      "the versions of the protocol that are let in",
      manual: "3 is MQTT 3.1, 4 is MQTT 3.1.1, 5 is MQTT 5.0."
    ) { (draft, text) throws(ValueFault) in
      let versions = try ListenerOptions.versions([text])
      draft.set("--accept-protocol-versions") { $0.terms.versions = versions }
    },
    .value(
      "set-tcp-nodelay", "BOOLEAN", .choices(["true", "false"]), example: "false",
      default: "true", "whether small packets are sent at once"
    ) { (draft, text) throws(ValueFault) in
      draft.options.sendsSmallPackets = try Values.truth(text)
    },
  ]
}

extension ListenerOptions {
  /// A beginning of topics.
  static func mountPoint(_ prefix: String) throws(ValueFault) -> String {
    if let fault = Topic.faultOfName(prefix.utf8.span) {
      throw ValueFault("is no beginning of a topic: \(fault.explanation)")
    }
    return try Values.ofTwoLengthBytes(prefix)
  }

  /// Versions of the protocol by their numbers, with commas, tabs or blanks between them.
  static func versions(_ words: [String]) throws(ValueFault) -> [ProtocolVersion] {
    var versions: [ProtocolVersion] = []
    for word in words.flatMap({ $0.split(whereSeparator: { ",\t".contains($0) }) }) {
      switch word {
      case "3": versions.append(.v31)
      case "4": versions.append(.v311)
      case "5": versions.append(.v5)
      case _: throw .expected("some of 3, 4 and 5 with commas between them")
      }
    }
    if versions.isEmpty { throw .expected("some of 3, 4 and 5 with commas between them") }
    return versions
  }
}
