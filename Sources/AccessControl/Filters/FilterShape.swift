// A topic filter as levels, in the one form in which equal meanings look equal: "#" is "+/#",
// because every topic has a first level, and "/#" is "/+/#", because no topic is empty. In this
// form filters are closed under intersection.

import MQTTCodec

/// One level of a filter.
package enum FilterLevel: Hashable, Sendable {
  case literal([UInt8])
  /// `+`.
  case any
  /// `%c`, filling the level.
  case client
  /// `%u`, filling the level.
  case user
  /// A first level that begins with these bytes, of which $ is the first. No rule holds one: it
  /// stands for topics that no wildcard matches.
  case prefix([UInt8])
}

/// The levels of a filter, and whether # follows.
package struct FilterShape: Hashable, Sendable {
  package var levels: [FilterLevel]
  /// Whether any number of further levels, none included, is matched too.
  package var isOpen: Bool

  init(levels: [FilterLevel], isOpen: Bool) {
    self.levels = levels
    self.isOpen = isOpen
  }

  /// Splits a valid filter; with `takesPlaceholders` %c and %u that fill a level stay placeholders.
  package init(_ filter: [UInt8], takesPlaceholders: Bool = false) {
    levels = []
    isOpen = false
    for part in filter.split(separator: .slash, omittingEmptySubsequences: false) {
      if part.elementsEqual("#".utf8) {
        isOpen = true
      } else if part.elementsEqual("+".utf8) {
        levels.append(.any)
      } else if takesPlaceholders, part.elementsEqual("%c".utf8) {
        levels.append(.client)
      } else if takesPlaceholders, part.elementsEqual("%u".utf8) {
        levels.append(.user)
      } else {
        levels.append(.literal(Array(part)))
      }
    }
    if isOpen, levels.isEmpty || levels == [.literal([])] { levels.append(.any) }
  }
}
