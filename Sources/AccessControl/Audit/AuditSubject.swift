// The clients that a file tells apart, for questions about all of them. A user that the file does
// not name is called %u, and a client whose identifier nobody has said is called %c: so filters with
// a placeholder come out as they stand in the file.

import Basis
import MQTTCodec

/// One kind of client.
package struct AuditSubject: Equatable, Sendable {
  /// As in "alice", "clients without a user name", "any other user".
  package var title: String
  package var subject: AccessSubject

  /// The client identifier of which nothing is known.
  package static let anyClient = "%c"
  /// A user of which nothing is known.
  package static let anyUser = "%u"

  /// The user of this name, or nobody.
  package init(user: String?, client: String = anyClient) {
    title = user ?? "clients without a user name"
    subject = AccessSubject(clientIdentifier: client, userName: user)
  }

  /// The same client with a name that no list knows in the place of %c, and of %u.
  func named(apartFrom lists: [AccessList]) -> AccessSubject {
    let filters = lists.flatMap(\.rules).map { String(decoding: $0.filter, as: UTF8.self) }
    let users = lists.flatMap(\.users).map { String(decoding: $0, as: UTF8.self) }
    func unknown(_ letter: String) -> String {
      var number = 1
      while (filters + users).contains(where: { $0.contains("\(letter)\(number)") }) { number += 1 }
      return "\(letter)\(number)"
    }
    var result = subject
    if result.clientIdentifier == Self.anyClient { result.clientIdentifier = unknown("c") }
    if result.userName == Self.anyUser { result.userName = unknown("u") }
    return result
  }

  /// `topic` with the names of `named` in the place of this subject's placeholders.
  func filling(_ topic: String, with named: AccessSubject) -> String {
    var result = topic
    if subject.clientIdentifier == Self.anyClient {
      result = result.replacing(Self.anyClient, with: named.clientIdentifier)
    }
    if subject.userName == Self.anyUser, let user = named.userName {
      result = result.replacing(Self.anyUser, with: user)
    }
    return result
  }

  /// Any user that no list names.
  package static func other(client: String = anyClient) -> AuditSubject {
    var result = AuditSubject(user: anyUser, client: client)
    result.title = "any other user"
    return result
  }

  /// All that `lists` tell apart: nobody, the users in the order of the files, any other.
  package static func all(_ lists: [AccessList], client: String = anyClient) -> [AuditSubject] {
    var names: [String] = []
    var seen: Set<ExactText> = []
    for name in lists.flatMap(\.users) {
      let name = String(decoding: name, as: UTF8.self)
      if seen.insert(name.exact).inserted { names.append(name) }
    }
    return [AuditSubject(user: nil, client: client)]
      + names.map { AuditSubject(user: $0, client: client) } + [other(client: client)]
  }
}

/// Somebody who may do what was asked.
package struct Permit: Equatable, Sendable {
  package var title: String
  package var decision: AccessDecision
}

extension AccessList {
  /// Those who may be told apart for `topic`: all that the file does, and where a pattern lets only
  /// the client in whose name stands in the topic, that client.
  package func subjects(_ actions: AccessActions, topic: String) -> [AuditSubject] {
    var subjects = AuditSubject.all([self])
    var known = Set(subjects.map(\.subject))
    for rule in rules where rule.hasPlaceholder && !rule.allows.isDisjoint(with: actions) {
      guard let names = Self.names(in: rule, topic: topic) else { continue }
      let users =
        names.user.map { [$0] } ?? [nil] + self.users.map { String(decoding: $0, as: UTF8.self) }
        + [AuditSubject.anyUser]
      for user in users {
        var found = AuditSubject(user: user, client: names.client ?? AuditSubject.anyClient)
        if user == AuditSubject.anyUser { found.title = "any other user" }
        if let client = names.client { found.title += ", as the client \(client)" }
        if known.insert(found.subject).inserted { subjects.append(found) }
      }
    }
    return subjects
  }

  /// Everyone who may do `action` with `topic`.
  package func permits(_ action: AccessAction, topic: String) -> [Permit] {
    var result: [Permit] = []
    var general: Set<ExactText?> = []
    for subject in subjects(AccessActions(action), topic: topic) {
      let decision = AccessPermissions(self, subject.subject).decide(action, topic: topic)
      if !decision.isAllowed { continue }
      if subject.subject.clientIdentifier == AuditSubject.anyClient {
        general.insert(subject.subject.userName?.exact)
      } else if general.contains(subject.subject.userName?.exact) {
        continue
      }
      result.append(Permit(title: subject.title, decision: decision))
    }
    return result
  }

  /// What %c and %u have to be for the rule to match; nil when nothing makes it match.
  private static func names(
    in rule: AccessRule, topic: String
  ) -> (client: String?, user: String?)? {
    let levels = rule.filter.split(separator: .slash, omittingEmptySubsequences: false)
    let parts = Array(topic.utf8).split(separator: .slash, omittingEmptySubsequences: false)
    var (client, user): (String?, String?) = (nil, nil)
    for (index, level) in levels.enumerated() where index < parts.count {
      guard let place = level.firstIndex(of: .percent), place + 1 < level.endIndex else { continue }
      let front = level[level.startIndex..<place]
      let back = level[(place + 2)...]
      let part = parts[index]
      guard part.count > front.count + back.count, part.starts(with: front),
        part.reversed().starts(with: back.reversed())
      else { return nil }
      let name = String(
        decoding: part.dropFirst(front.count).dropLast(back.count), as: UTF8.self)
      if name == "+" || name == "#" { return nil }
      switch level[place + 1] {
      case UInt8(ascii: "c"): client = name
      case UInt8(ascii: "u"): user = name
      default: break
      }
    }
    return client == nil && user == nil ? nil : (client, user)
  }
}
