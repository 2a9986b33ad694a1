// What clients were seen to do, against rules: what a list would have denied of it, and the list
// that allows it and as little as possible beyond it.
//
// A suggested list names for each user the topics that it published to, the filters that it
// subscribed to, and topics that it was sent without one of these. Where all clients use a topic of
// the same shape with their own identifier in a level, one pattern with %c takes the place of their
// rules. The list is read again and asked for everything that was observed: what no rule can grant
// is said in it.

import Basis
import Text

/// Something that a client was seen to do.
package struct ObservedAccess: Hashable, Sendable {
  /// Nil for a client without a user name.
  package var userName: String?
  package var clientIdentifier: String
  package var action: AccessAction
  /// A topic name; for ``AccessAction/subscribe`` a topic filter, `$share/group/` included.
  package var topic: String

  /// Joins the parts.
  package init(
    userName: String?, clientIdentifier: String, action: AccessAction, topic: String
  ) {
    self.userName = userName
    self.clientIdentifier = clientIdentifier
    self.action = action
    self.topic = topic
  }

  package static func == (left: ObservedAccess, right: ObservedAccess) -> Bool {
    left.userName?.exact == right.userName?.exact
      && left.clientIdentifier.exact == right.clientIdentifier.exact
      && left.action == right.action && left.topic.exact == right.topic.exact
  }

  package func hash(into hasher: inout Hasher) {
    hasher.combine(userName?.exact)
    hasher.combine(clientIdentifier.exact)
    hasher.combine(action)
    hasher.combine(topic.exact)
  }

  /// What `list` says of it.
  ///
  /// A subscription of which nothing can be delivered is denied, too.
  package func decision(by list: AccessList) -> AccessDecision {
    let permissions = AccessPermissions(
      list, AccessSubject(clientIdentifier: clientIdentifier, userName: userName))
    let decision = permissions.decide(action, topic: topic)
    if action != .subscribe || !decision.isAllowed { return decision }
    let deliverable = permissions.mayEverReceive(filter: topic)
    return deliverable.isAllowed ? decision : deliverable
  }
}

/// A list of rules made from what was seen.
package struct SuggestedAccess: Sendable {
  /// The ACL file.
  package private(set) var text = ""
  /// What no rule of an ACL file can grant.
  package private(set) var impossible: [ObservedAccess] = []

  private struct Rule: Hashable {
    var direction: AccessAction
    var filter: ExactText
  }

  /// Suggests rules for everything in `observed`.
  package init(for observed: [ObservedAccess]) {
    let (patterns, rest) = Self.patterns(in: observed)
    write(patterns, rest)
    guard let list = try? AccessList(parsing: Array(text.utf8), file: "suggestion") else {
      impossible = observed
      return
    }
    impossible = observed.filter { !$0.decision(by: list).isAllowed }
    for access in impossible {
      // A name from a capture must not begin a line of its own: it would be a rule.
      let line =
        "# no rule can grant: \(access.userName ?? "-") client \(access.clientIdentifier) "
        + "\(access.action) \(access.topic)"
      text += line.onOneLine + "\n"
    }
  }

  // MARK: Patterns

  /// The topics in which every client has its own identifier, and what is left without them.
  private static func patterns(
    in observed: [ObservedAccess]
  ) -> (patterns: [(AccessAction, ExactText)], rest: [ObservedAccess]) {
    let everyone = Set(observed.map(\.clientIdentifier.exact))
    let mayUse = everyone.allSatisfy { name in
      !name.text.isEmpty && !name.text.contains { "+#/%".contains($0) || $0.isNewline }
    }
    if everyone.count < 2 || !mayUse { return ([], observed) }
    var clients: [Rule: Set<ExactText>] = [:]
    for access in observed {
      guard let pattern = pattern(of: access) else { continue }
      clients[Rule(direction: direction(access.action), filter: pattern), default: []]
        .insert(access.clientIdentifier.exact)
    }
    var patterns: [(AccessAction, ExactText)] = []
    for action in [AccessAction.publish, .deliver] {
      let filters = clients.filter { $0.key.direction == action && $0.value == everyone }
      patterns += filters.keys.map { (action, $0.filter) }.sorted { $0.1 < $1.1 }
    }
    let rest = observed.filter { access in
      guard let pattern = pattern(of: access) else { return true }
      return !patterns.contains { $0.0 == direction(access.action) && $0.1 == pattern }
    }
    return (patterns, rest)
  }

  /// The topic with %c for the levels that are the client's identifier; nil when there is none.
  private static func pattern(of access: ObservedAccess) -> ExactText? {
    let filter = plain(access.topic)
    let own = access.clientIdentifier.exact
    let levels = filter.utf8.split(separator: .slash, omittingEmptySubsequences: false)
      .map { String(Substring($0)).exact }
    if filter.contains("%") || !isWritable(filter) || !levels.contains(own) { return nil }
    return levels.map { $0 == own ? "%c" : $0.text }.joined(separator: "/").exact
  }

  private static func direction(_ action: AccessAction) -> AccessAction {
    action == .publish ? .publish : .deliver
  }

  private static func plain(_ filter: String) -> String {
    String(decoding: AccessPermissions.withoutShare(Array(filter.utf8)), as: UTF8.self)
  }

  // MARK: Rules

  private mutating func write(
    _ patterns: [(AccessAction, ExactText)], _ observed: [ObservedAccess]
  ) {
    var published: [ExactText?: Set<ExactText>] = [:]
    var subscribed: [ExactText?: Set<ExactText>] = [:]
    var delivered: [ExactText?: Set<ExactText>] = [:]
    for access in observed where Self.isWritable(access) {
      let user = access.userName?.exact
      switch access.action {
      case .publish: published[user, default: []].insert(access.topic.exact)
      case .subscribe: subscribed[user, default: []].insert(Self.plain(access.topic).exact)
      case .deliver: delivered[user, default: []].insert(access.topic.exact)
      case .unsubscribe: break
      }
    }
    let names = Set(published.keys).union(subscribed.keys).union(delivered.keys)
    let users = names.compactMap(\.self).sorted()
    if names.contains(nil) {
      text += "# clients without a user name\n"
      writeRules(published[nil], subscribed[nil], delivered[nil])
    }
    for user in users {
      text += (text.isEmpty ? "" : "\n") + "user \(user.text)\n"
      writeRules(published[user], subscribed[user], delivered[user])
    }
    if !patterns.isEmpty { text += (text.isEmpty ? "" : "\n") + "# every client\n" }
    let both = Set(patterns.filter { $0.0 == .publish }.map(\.1))
      .intersection(patterns.filter { $0.0 == .deliver }.map(\.1))
    for (action, pattern) in patterns {
      if both.contains(pattern) {
        if action == .publish { text += "pattern readwrite \(pattern.text)\n" }
      } else {
        text += "pattern \(action == .publish ? "write" : "read") \(pattern.text)\n"
      }
    }
  }

  private mutating func writeRules(
    _ published: Set<ExactText>?, _ subscribed: Set<ExactText>?, _ delivered: Set<ExactText>?
  ) {
    let filters = Self.widest((subscribed ?? []).union(delivered ?? []))
    let topics = (published ?? []).sorted()
    for topic in topics {
      text += "topic \(filters.contains(topic) ? "readwrite" : "write") \(topic.text)\n"
    }
    for filter in filters where !topics.contains(filter) { text += "topic read \(filter.text)\n" }
  }

  /// The filters that no other one covers, in order.
  private static func widest(_ filters: Set<ExactText>) -> [ExactText] {
    let wild = filters.filter { $0.text.contains("+") || $0.text.contains("#") }
      .map { (text: $0, shape: FilterShape(Array($0.text.utf8))) }
    return filters.sorted().filter { filter in
      let shape = FilterShape(Array(filter.text.utf8))
      return !wild.contains { other in
        other.text != filter && other.shape.contains(shape)
          && !(shape.contains(other.shape) && other.text > filter)
      }
    }
  }

  /// Whether a line can hold it: no line breaks or other control characters, and no blanks where they
  /// would be cut off.
  private static func isWritable(_ access: ObservedAccess) -> Bool {
    isWritable(access.topic) && access.userName.map(isWritable) ?? true
  }

  private static func isWritable(_ text: String) -> Bool {
    guard let first = text.utf8.first, let last = text.utf8.last else { return false }
    return first > 0x20 && last > 0x20 && !text.unicodeScalars.contains(where: \.isControl)
  }
}
