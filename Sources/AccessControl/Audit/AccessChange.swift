// What changes between two files for the clients that they tell apart: by the topics that rules
// stand for, so that rules may be moved, split and joined without a word here.

/// Topics that a kind of client gains or loses.
package struct AccessChange: Equatable, Sendable {
  package var title: String
  package var action: AccessAction
  package var isGain: Bool
  /// The topics.
  package var region: TopicRegion
  /// One of them.
  package var example: String
  /// The rule that decides about the example now, and before; nil where none does.
  package var newRule: RuleLocation?
  package var oldRule: RuleLocation?
}

extension AccessChange {
  /// Everything that changes from `old` to `new`, client by client.
  package static func all(from old: AccessList, to new: AccessList) -> [AccessChange] {
    AuditSubject.all([old, new]).flatMap { subject in
      let before = AccessPermissions(old, subject.subject)
      let after = AccessPermissions(new, subject.subject)
      return [AccessAction.publish, .deliver].flatMap { action in
        [true, false].flatMap { isGain in
          let (winner, loser) = isGain ? (after, before) : (before, after)
          return differences(winner, loser, action).map { region, example in
            AccessChange(
              title: subject.title, action: action, isGain: isGain, region: region,
              example: example,
              newRule: new.location(of: after.decide(action, topic: example)),
              oldRule: old.location(of: before.decide(action, topic: example)))
          }
        }
      }
    }
  }

  /// What `winner` may do and `loser` may not.
  private static func differences(
    _ winner: AccessPermissions, _ loser: AccessPermissions, _ action: AccessAction
  ) -> [(TopicRegion, String)] {
    let allowed = winner.regions(action, allowed: true)
    let refused = loser.regions(action, allowed: false)
    let kept = loser.regions(action, allowed: true)
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
