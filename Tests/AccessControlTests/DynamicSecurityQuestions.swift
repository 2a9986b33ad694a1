// Generated dynamic-security files and questions about them.

import AccessControl
import TestSupport

/// A file, who asks, and about which topics and filters.
struct DynamicSecurityQuestions {
  private static let levels = ["a", "b", "c", "", "x y"]
  static let users = ["alice", "bob", "carol"]

  let file: String
  let subjects: [AccessSubject]
  let topics: [String]
  let filters: [String]

  /// `observer` may do everything; its password is "secret", as the others' is.
  init(seed: UInt64) {
    var chance = Chance(seed: seed)
    var topics: Set<String> = ["a", "b/c", "$foo/a", "a/b/c"]
    var filters: Set<String> = ["#", "+", "a/#", "a/+", "+/b"]
    var roles: [String] = []
    for number in 0..<4 {
      var acls: [String] = []
      for _ in 0..<chance.below(6) {
        let topic = Self.filter(&chance)
        filters.insert(topic)
        topics.insert(Self.topic(like: topic, &chance))
        let kinds = [
          "publishClientSend", "publishClientReceive", "publishClientSend", "publishClientReceive",
          "subscribeLiteral", "subscribePattern",
        ]
        acls.append(
          "{\"acltype\":\"\(kinds[chance.below(kinds.count)])\",\"topic\":\"\(topic)\","
            + "\"priority\":\(chance.below(4) - 1),\"allow\":\(chance.happens(onceIn: 2))}")
      }
      roles.append("{\"rolename\":\"r\(number)\",\"acls\":[\(acls.joined(separator: ",\n"))]}")
    }
    // mosquitto 2.0 takes a + at the front of a rule for topics that begin with $, too; 2.1 does not.
    if !roles.contains(where: { $0.contains("subscribePattern\",\"topic\":\"+") }) {
      filters.insert("$foo/#")
    }
    let everything = ["#", "$foo/#"].flatMap { filter in
      ["publishClientSend", "publishClientReceive", "subscribePattern"].map {
        "{\"acltype\":\"\($0)\",\"topic\":\"\(filter)\",\"priority\":0,\"allow\":true}"
      }
    }
    roles.append("{\"rolename\":\"all\",\"acls\":[\(everything.joined(separator: ",\n"))]}")
    var clients = Self.users.map { Self.client($0, Self.memberships("rolename", "r", &chance)) }
    clients.append(Self.client("observer", "{\"rolename\":\"all\"}"))
    let groups = (0..<3).map { number in
      let members = Self.users.filter { _ in chance.happens(onceIn: 2) }
        .map { "{\"username\":\"\($0)\",\"priority\":\(chance.below(4))}" }
      return "{\"groupname\":\"g\(number)\",\"roles\":["
        + Self.memberships("rolename", "r", &chance)
        + "],\"clients\":[\(members.joined(separator: ","))]}"
    }
    let defaults = ["publishClientSend", "publishClientReceive", "subscribe", "unsubscribe"].map {
      "\"\($0)\":\(chance.happens(onceIn: 2))"
    }
    let anonymous = chance.happens(onceIn: 2) ? ",\"anonymousGroup\":\"g0\"" : ""
    file = """
      {"defaultACLAccess":{\(defaults.joined(separator: ","))},
      "clients":[\(clients.joined(separator: ",\n"))],
      "groups":[\(groups.joined(separator: ",\n"))],
      "roles":[\(roles.joined(separator: ",\n"))]\(anonymous)}
      """
    subjects =
      Self.users.map { AccessSubject(clientIdentifier: "c-\($0)", userName: $0) }
      + [AccessSubject(clientIdentifier: "c-none", userName: nil)]
    self.topics = topics.sorted()
    self.filters = filters.sorted()
  }

  /// The password is "secret", as mosquitto_ctrl has hashed it.
  static func client(_ name: String, _ roles: String) -> String {
    """
    {"username":"\(name)","password":"AKCn78ZM2edcL/SRgybBm19Brbj8gxGkg4drW8jkFFjYUddKH6+VQjNiR+JPaBv\
    KZM3qkfs+GhY3a4PRPouzFA==","salt":"+78ujCNKrW855NBQ","iterations":101,"roles":[\(roles)],\
    "groups":[]}
    """
  }

  private static func memberships(
    _ key: String, _ letter: String, _ chance: inout Chance
  ) -> String {
    var result: [String] = []
    for number in 0..<4 where chance.happens(onceIn: 2) {
      result.append("{\"\(key)\":\"\(letter)\(number)\",\"priority\":\(chance.below(5) - 1)}")
    }
    return result.joined(separator: ",")
  }

  private static func filter(_ chance: inout Chance) -> String {
    var parts: [String] = []
    for _ in 0..<(1 + chance.below(3)) {
      parts.append(chance.happens(onceIn: 4) ? "+" : levels[chance.below(levels.count)])
    }
    if chance.happens(onceIn: 3) { parts.append("#") }
    let filter = parts.joined(separator: "/")
    // mosquitto 2.0 takes "/#" in a rule for "#" in a subscription; 2.1 does not.
    return filter.isEmpty || filter == "/#" ? "a" : filter
  }

  private static func topic(like filter: String, _ chance: inout Chance) -> String {
    let parts = filter.split(separator: "/", omittingEmptySubsequences: false).map { part in
      part == "+" || part == "#" ? levels[chance.below(levels.count)] : String(part)
    }
    let topic = parts.joined(separator: "/")
    return topic.isEmpty ? "a" : topic
  }
}
