// The known word that a mistyped one was most likely meant to be.

/// Ranks known words by their edit distance from one that is unknown.
package enum Nearest {
  /// The nearest of `candidates`, the first one on a tie; nil when none is near enough to help.
  ///
  /// Near enough is a distance of at most a third of the longer word, and one for short words.
  package static func word(to unknown: String, among candidates: [String]) -> String? {
    var best: (word: String, distance: Int)?
    for candidate in candidates {
      let allowed = max(1, max(candidate.utf8.count, unknown.utf8.count) / 3)
      // What is longer by more is farther away, and would take long to compare.
      if abs(candidate.utf8.count - unknown.utf8.count) > allowed { continue }
      let distance = distance(Array(unknown.utf8), Array(candidate.utf8))
      if distance <= allowed, distance < (best?.distance ?? .max) { best = (candidate, distance) }
    }
    return best?.word
  }

  /// Insertions, deletions, replacements and swaps of neighbours that make `left` into `right`.
  package static func distance(_ left: [UInt8], _ right: [UInt8]) -> Int {
    if left.isEmpty || right.isEmpty { return max(left.count, right.count) }
    var beforeLast = [Int](repeating: 0, count: right.count + 1)
    var last = Array(0...right.count)
    for row in 1...left.count {
      var current = [row]
      for column in 1...right.count {
        let isSame = left[row - 1] == right[column - 1]
        var cost = min(
          last[column] + 1, current[column - 1] + 1, last[column - 1] + (isSame ? 0 : 1))
        if row > 1, column > 1, left[row - 1] == right[column - 2],
          left[row - 2] == right[column - 1]
        {
          cost = min(cost, beforeLast[column - 2] + 1)
        }
        current.append(cost)
      }
      (beforeLast, last) = (last, current)
    }
    return last[right.count]
  }
}
