// What routing found out about a topic, before anything is done: deciding is one step, doing another.
// A plan can be asked what it would take, and refused; carrying it out cannot fail.

import Basis

/// Who gets the messages of a topic: the match that is remembered in `line`, or the one that the
/// router has made last.
///
/// It holds until the next plan is made, or somebody subscribes.
struct RoutePlan {
  var line: Slot<MatchCache.Line>?
  /// The hash of the topic.
  var hash: UInt64
}
