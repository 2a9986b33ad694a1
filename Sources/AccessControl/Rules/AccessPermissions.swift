// What one client may do. Made when the client connects, because that is when its blocks are found
// and its names are put into the patterns that cannot be compared level by level; asked for each
// message, and then it allocates nothing.

import Basis
import MQTTCodec
import Text

/// A list of rules as one client meets it.
package struct AccessPermissions: Sendable {
  /// A pattern with the names put in.
  struct Resolved: Sendable {
    var block: Int
    var rank: Int32
    var actions: AccessActions
    var filter: [UInt8]
  }

  package let list: AccessList
  let names: SubjectNames
  let blocks: [Int]
  let resolved: [Resolved]
  /// Whether a name holds + or #.
  let holdsWildcard: Bool
  /// Whether the file knows the users that may do anything, and this is none of them.
  let isUnknown: Bool

  /// Finds what speaks to `subject` in `list`.
  package init(_ list: AccessList, _ subject: AccessSubject) {
    let names = SubjectNames(subject)
    self.list = list
    self.names = names
    let own = names.user.map { list.blocksOfUser[$0] ?? list.blocksOfOthers }
    let blocks = (own ?? list.blocksOfAnonymous) ?? []
    self.blocks = blocks
    isUnknown = own == .some(nil)
    holdsWildcard = (names.client + (names.user ?? [])).contains { $0 == .plus || $0 == .hash }
    resolved = blocks.flatMap { block in
      let ranks = names.spansLevels ? list.blocks[block].placeholders : list.blocks[block].partial
      return ranks.compactMap { rank in
        let rule = list.rules[list.blocks[block].rules[rank]]
        return rule.filter(for: names).map {
          Resolved(block: block, rank: Int32(rank), actions: rule.actions, filter: $0)
        }
      }
    }
  }

  /// Whether the client may publish to the topic name, or be sent its messages, or (un)subscribe to
  /// the topic filter.
  package func decide(_ action: AccessAction, topic: Span<UInt8>) -> AccessDecision {
    switch action {
    case .publish, .deliver: decide(message: action, topic: topic)
    case .subscribe, .unsubscribe: decide(request: action, filter: array(topic))
    }
  }

  /// The same for a `String`.
  package func decide(_ action: AccessAction, topic: String) -> AccessDecision {
    decide(action, topic: Array(topic.utf8).span)
  }

  private func decide(message action: AccessAction, topic: Span<UInt8>) -> AccessDecision {
    if topic.isEmpty { return AccessDecision(isAllowed: false, ground: .noRule) }
    if isUnknown { return AccessDecision(isAllowed: false, ground: .unknownUser) }
    if topic[0] == .dollar, ReservedTopic.denies(action, topic) {
      return AccessDecision(isAllowed: false, ground: .reservedTopic)
    }
    // Indices, because an iterator over elements goes through the heap where it is not specialized.
    for place in blocks.indices {
      let block = blocks[place]
      if block == list.everyone, holdsWildcard {
        return AccessDecision(isAllowed: false, ground: .unsafeName)
      }
      var rank = list.blocks[block].tree.lowestRank(action, topic, names)
      for index in resolved.indices where resolved[index].block == block {
        let pattern = resolved[index]
        if pattern.rank < rank, pattern.actions.contains(AccessActions(action)),
          Topic.matches(filter: pattern.filter.span, name: topic)
        {
          rank = pattern.rank
        }
      }
      if rank == RuleTree.none { continue }
      let number = list.blocks[block].rules[Int(rank)]
      let isAllowed = list.rules[number].allows.contains(AccessActions(action))
      return AccessDecision(isAllowed: isAllowed, ground: .rule(number))
    }
    return AccessDecision(isAllowed: isAllowedByDefault(action, topic), ground: .noRule)
  }

  /// What holds where no rule matches; `$CONTROL` is never left to the default.
  private func isAllowedByDefault(_ action: AccessAction, _ topic: Span<UInt8>) -> Bool {
    list.isAllowedByDefault(action) && !(topic[0] == .dollar && ReservedTopic.isControl(topic))
  }
}

/// The topics that no rule can give away, as mosquitto has them.
enum ReservedTopic {
  private static let system = Array("$SYS".utf8)
  private static let control = Array("$CONTROL".utf8)
  private static let share = Array("$share".utf8)
  private static let bridgeState = Array("$SYS/broker/connection/+/state".utf8)

  /// Whether `topic`, which begins with $, is closed to `action`: `$SYS` may be read, and of it only
  /// the state of a bridge be written; below `$share` there are no topics.
  static func denies(_ action: AccessAction, _ topic: Span<UInt8>) -> Bool {
    if begins(topic, system) {
      return action == .publish && !Topic.matches(filter: bridgeState.span, name: topic)
    }
    return begins(topic, share)
  }

  /// Whether `topic` steers the broker.
  static func isControl(_ topic: Span<UInt8>) -> Bool { begins(topic, control) }

  private static func begins(_ topic: Span<UInt8>, _ prefix: [UInt8]) -> Bool {
    topic.count >= prefix.count
      && areEqual(topic.extracting(0..<prefix.count), prefix.span)
  }
}

extension AccessRule {
  /// The filter with the names in the place of %c and %u; nil when there is no name to put in.
  func filter(for names: SubjectNames) -> [UInt8]? {
    switch placeholders {
    case .none: filter
    case .anywhere:
      hasUserPlaceholder && names.user == nil ? nil : replaced(names)
    case .wholeLevels: filled(names)
    }
  }

  private func replaced(_ names: SubjectNames) -> [UInt8] {
    var result: [UInt8] = []
    var index = 0
    while index < filter.count {
      let next = index + 1 < filter.count ? filter[index + 1] : 0
      if filter[index] == .percent, next == UInt8(ascii: "c") {
        result += names.client
        index += 2
      } else if filter[index] == .percent, next == UInt8(ascii: "u"), let user = names.user {
        result += user
        index += 2
      } else {
        result.append(filter[index])
        index += 1
      }
    }
    return result
  }

  /// Here a name must be one level and no wildcard.
  private func filled(_ names: SubjectNames) -> [UInt8]? {
    let parts = filter.split(separator: .slash, omittingEmptySubsequences: false)
    var levels: [[UInt8]] = []
    for part in parts {
      let name: [UInt8]?
      switch part {
      case [.percent, UInt8(ascii: "c")]: name = names.client
      case [.percent, UInt8(ascii: "u")]: name = names.user
      default:
        levels.append(Array(part))
        continue
      }
      guard let name, !name.isEmpty,
        !name.contains(where: { $0 == .slash || $0 == .plus || $0 == .hash })
      else { return nil }
      levels.append(name)
    }
    return Array(levels.joined(separator: [.slash]))
  }
}
