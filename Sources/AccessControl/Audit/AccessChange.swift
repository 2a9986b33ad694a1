// What changes between two files for the clients that they tell apart: by the topics that rules
// stand for, so that rules may be moved, split and joined without a word here.

/// Topics that a kind of client gains or loses, or filters that it may ask for.
package struct AccessChange: Equatable, Sendable {
  package var title: String
  package var action: AccessAction
  package var isGain: Bool
  /// The topics.
  package var region: TopicRegion
  /// One of them.
  package var example: String
  /// The client of the example, where its name stands in it: one that no rule names.
  package var exampleSubject: AccessSubject?
  /// The rule that decides about the example now, and before; nil where none does.
  package var newRule: RuleLocation?
  package var oldRule: RuleLocation?
}

extension AccessChange {
  /// Everything that changes from `old` to `new`, client by client.
  package static func all(from old: AccessList, to new: AccessList) -> [AccessChange] {
    AuditSubject.all([old, new]).flatMap { subject in
      let comparison = AccessComparison(subject: subject, old: old, new: new)
      return AccessAction.allCases.flatMap { action in
        [true, false].flatMap { comparison.changes(of: action, isGain: $0) }
      }
    }
  }
}

/// One kind of client before two lists.
private struct AccessComparison {
  let subject: AuditSubject
  let old: AccessList
  let new: AccessList
  private let before: AccessPermissions
  private let after: AccessPermissions
  /// The same client by names of its own.
  private let named: AccessSubject

  init(subject: AuditSubject, old: AccessList, new: AccessList) {
    self.subject = subject
    self.old = old
    self.new = new
    before = AccessPermissions(old, subject.subject)
    after = AccessPermissions(new, subject.subject)
    named = subject.named(apartFrom: [old, new])
  }

  func changes(of action: AccessAction, isGain: Bool) -> [AccessChange] {
    let (winner, loser) = isGain ? (after, before) : (before, after)
    var result: [AccessChange] = []
    let kinds: [RequestKind?] =
      action == .publish || action == .deliver ? [nil] : RequestKind.allCases
    for kind in kinds {
      for (region, example) in Self.differences(winner, loser, action, kind) {
        // What holds for requests of several kinds is told once, with the widest.
        if result.contains(where: { $0.region.text == region.text }) { continue }
        result.append(change(of: action, isGain: isGain, region, example))
      }
    }
    return result
  }

  private func change(
    of action: AccessAction, isGain: Bool, _ region: TopicRegion, _ example: String
  ) -> AccessChange {
    var change = AccessChange(
      title: subject.title, action: action, isGain: isGain, region: region, example: example,
      newRule: new.location(of: after.decide(action, topic: example)),
      oldRule: old.location(of: before.decide(action, topic: example)))
    let filled = subject.filling(example, with: named)
    let holds = [(old, !isGain), (new, isGain)].allSatisfy { list, isAllowed in
      let decision = list.decide(action, topic: Array(filled.utf8).span, subject: named)
      return decision.isAllowed == isAllowed
    }
    // Where %c are two letters of the file, they are so in the example, too.
    if filled != example, holds { (change.example, change.exampleSubject) = (filled, named) }
    return change
  }

  /// What `winner` may do and `loser` may not.
  private static func differences(
    _ winner: AccessPermissions, _ loser: AccessPermissions, _ action: AccessAction,
    _ kind: RequestKind?
  ) -> [(TopicRegion, String)] {
    let allowed = winner.regions(action, kind, allowed: true)
    let refused = loser.regions(action, kind, allowed: false)
    let kept = loser.regions(action, kind, allowed: true)
    var result: [(region: TopicRegion, example: String)] = []
    for region in allowed {
      // Rules that stand in both files are most of them.
      let isKept = kept.contains {
        $0.outside.isEmpty && $0.shape.contains(region.shape)
          || $0.shape == region.shape && $0.outside == region.outside
      }
      if isKept { continue }
      for hole in refused {
        guard let part = region.intersection(hole), let example = part.example else { continue }
        let isKnown = result.contains {
          $0.region.shape.contains(part.shape) && $0.region.outside == part.outside
            || $0.region == part
        }
        if !isKnown { result.append((part, example)) }
      }
    }
    return result
  }
}
