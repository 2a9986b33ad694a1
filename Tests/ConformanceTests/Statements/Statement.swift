// The numbered normative statements of the two standards, as data that a test can hold against the
// names of the tests. The contents are reminders in our own words; the standards' wording decides.
//
// A line of a table reads: number, whom it binds, what it asks. Two kinds of line may follow it,
// indented: `same as N` says that the statement of MQTT 5.0 with that number asks the same, so that
// its test proves both; `untested: reason` says why nothing outside an implementation can show it.

/// Whom a statement binds.
enum BoundParty: String {
  case server, client, both
  /// Definitions and remarks that got a number but ask nothing of an implementation.
  case neither
}

/// The standard in whose numbering a statement stands.
enum Standard: CaseIterable {
  case mqtt311
  case mqtt5

  /// How its statements are tagged in code and tests.
  var tagPrefix: String {
    switch self {
    case .mqtt311: "MQTT311-"
    case .mqtt5: "MQTT-"
    }
  }
}

/// One numbered statement.
struct Statement {
  var standard: Standard
  /// Such as `3.3.1-5`.
  var number: String
  var binds: BoundParty
  /// In our own words.
  var content: String
  /// The number of the statement of 5.0 whose test proves this one, too.
  var counterpart: String?
  /// Why no test from outside can prove it.
  var reasonForNoTest: String?

  /// What stands in brackets in the names of tests.
  var tag: String { standard.tagPrefix + number }
}

/// A line of a table that does not follow the form above.
struct TableError: Error, CustomStringConvertible {
  var line: String
  var problem: String

  var description: String { "\(problem): \(line)" }
}

extension Statement {
  /// Every statement of both standards, in their order.
  static func all() throws(TableError) -> [Statement] {
    try parse(statementsOf311, of: .mqtt311) + parse(statementsOf5, of: .mqtt5)
  }

  private static func parse(
    _ table: String, of standard: Standard
  ) throws(TableError) -> [Statement] {
    var statements: [Statement] = []
    for line in table.split(separator: "\n") {
      if line.hasPrefix(" ") {
        guard !statements.isEmpty else {
          throw TableError(line: String(line), problem: "a remark before any statement")
        }
        try statements[statements.count - 1].add(remark: String(line))
      } else {
        let words = line.split(separator: " ", maxSplits: 2, omittingEmptySubsequences: true)
        guard words.count == 3, let binds = BoundParty(rawValue: String(words[1])) else {
          throw TableError(line: String(line), problem: "not number, party and content")
        }
        statements.append(
          Statement(
            standard: standard, number: String(words[0]), binds: binds,
            content: words[2].trimmingPrefix(while: { $0 == " " }).description))
      }
    }
    return statements
  }

  private mutating func add(remark line: String) throws(TableError) {
    let remark = line.drop(while: { $0 == " " })
    if remark.hasPrefix("same as ") {
      counterpart = String(remark.dropFirst("same as ".count))
    } else if remark.hasPrefix("untested: ") {
      reasonForNoTest = String(remark.dropFirst("untested: ".count))
    } else {
      throw TableError(line: line, problem: "neither `same as` nor `untested:`")
    }
  }
}
