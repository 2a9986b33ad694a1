// What `mqtt acl-check` is asked to do, and how its command line becomes that.

import Text

/// What a question of access is about.
package enum AccessQuestionAction: String, CaseIterable, Sendable {
  case publish
  case receive
  case subscribe
  case unsubscribe

  /// Whether it is about a topic filter and not a topic name.
  var isRequest: Bool { self == .subscribe || self == .unsubscribe }
}

/// One thing that somebody may or may not do.
package struct AccessQuestion: Equatable, Sendable {
  package var action: AccessQuestionAction
  /// A topic name, or for `subscribe` and `unsubscribe` a topic filter.
  package var topic: String

  package init(_ action: AccessQuestionAction, _ topic: String) {
    self.action = action
    self.topic = topic
  }
}

/// What is to be found out.
package enum AccessCheckTask: Equatable, Sendable {
  /// One question about the client of the options.
  case question(AccessQuestion)
  /// The questions of a file; of the standard input when it is nil.
  case questions(file: String?)
  /// Expectations.
  case test(file: String)
  /// All that a user may do, or every user.
  case list
  /// Everyone who may do it.
  case who(AccessQuestion)
  /// What changes from one file to another.
  case diff(old: String, new: String)
  /// What a file says but hardly means.
  case lint
  /// What would have been denied in captures.
  case replay
  /// The rules that captures need.
  case suggest
}

/// Everything `mqtt acl-check` has to know.
package struct AccessCheckOptions: Equatable, Sendable {
  package var task = AccessCheckTask.lint
  /// An ACL file or a dynamic-security file; empty only for `diff` and `suggest`.
  package var rulesFile = ""
  package var passwordFile: String?
  /// Captures for `replay` and `suggest`; `-` is standard input.
  package var captureFiles: [String] = []
  /// Files with secrets of TLS, in the form of SSLKEYLOGFILE.
  package var keyLogs: [String] = []
  /// Nil is a client without a user name.
  package var userName: String?
  /// Nil is a client whose identifier no rule names.
  package var clientIdentifier: String?
  package var allowsExtensions = false
  package var explains = false
  package var tellsCoverage = false
  package var writesJSON = false

  /// The defaults.
  package init() {}
}

struct AccessCheckDraft: Draft {
  var request: InformationRequest?
  var options = AccessCheckOptions()
  var plain: [String] = []

  mutating func take(plain argument: [UInt8]) throws(ValueFault) {
    guard let text = String(validating: argument, as: UTF8.self) else {
      throw .expected("text in UTF-8")
    }
    plain.append(text)
  }

  private static let questions = AccessQuestionAction.allCases.map(\.rawValue)
  private static let questionList = questions.joined(choicesWith: "or")

  static let verbs = [
    "publish", "receive", "subscribe", "unsubscribe", "ask", "test", "list", "who", "diff",
    "lint", "replay", "suggest",
  ]

  func finished() throws(UsageError) -> AccessCheckOptions {
    var result = options
    guard let verb = plain.first else {
      throw UsageError(
        "mqtt acl-check", "expected what to find out: \(Self.verbs.joined(choicesWith: "or"))",
        example: "mqtt acl-check --acl acl.conf --user alice publish home/door")
    }
    let rest = Array(plain.dropFirst())
    result.task = try task(verb, rest)
    let isDiff = verb == "diff"
    if isDiff, !result.rulesFile.isEmpty {
      throw UsageError(
        "--acl", "is not for diff, which takes both files as arguments",
        example: "mqtt acl-check diff old.conf new.conf")
    }
    if verb == "suggest", !result.rulesFile.isEmpty {
      throw UsageError(
        "--acl", "is not for suggest, which makes the rules",
        example: "mqtt acl-check suggest --capture capture.pcapng")
    }
    if !isDiff, verb != "suggest", result.rulesFile.isEmpty {
      throw UsageError(
        "mqtt acl-check \(verb)", "expected --acl FILE",
        example: "mqtt acl-check --acl acl.conf \(plain.joined(separator: " "))")
    }
    if ["replay", "suggest"].contains(verb), result.captureFiles.isEmpty {
      throw UsageError(
        "mqtt acl-check \(verb)", "expected --capture FILE",
        example: "mqtt acl-check \(verb == "replay" ? "--acl acl.conf " : "")\(verb) "
          + "--capture capture.pcapng")
    }
    try rule(!result.captureFiles.isEmpty, "--capture", verb, ["replay", "suggest"])
    try rule(!result.keyLogs.isEmpty, "--keylog", verb, ["replay", "suggest"])
    try rule(result.explains, "--explain", verb, ["publish", "receive", "ask"])
    try rule(result.tellsCoverage, "--coverage", verb, ["test"])
    try rule(
      result.userName != nil, "--user", verb, Self.questions + ["list"])
    try rule(
      result.clientIdentifier != nil, "--client-id", verb, Self.questions + ["list"])
    try rule(
      result.passwordFile != nil, "--passwords", verb,
      Self.questions + ["ask", "test", "lint"])
    return result
  }

  /// An option is given only with the verbs that heed it.
  private func rule(
    _ isGiven: Bool, _ option: String, _ verb: String, _ verbs: [String]
  ) throws(UsageError) {
    if isGiven, !verbs.contains(verb) {
      throw UsageError(
        option, "means nothing to \(verb); it is for \(verbs.joined(choicesWith: "and"))")
    }
  }

  private func task(_ verb: String, _ rest: [String]) throws(UsageError) -> AccessCheckTask {
    switch verb {
    case "publish", "receive", "subscribe", "unsubscribe":
      return .question(try question([verb] + rest, example: "--user alice"))
    case "ask":
      try count(rest, 0...1, "ask", "one file of questions or none", "ask questions.txt")
      return .questions(file: rest.first == "-" ? nil : rest.first)
    case "test":
      try count(rest, 1...1, "test", "one file of expectations", "test cases.txt")
      return .test(file: rest[0])
    case "list":
      try count(rest, 0...0, "list", "no argument: --user names the user", "list --user alice")
      return .list
    case "who":
      return .who(try question(rest, example: "who"))
    case "diff":
      try count(rest, 2...2, "diff", "two files", "diff old.conf new.conf")
      return .diff(old: rest[0], new: rest[1])
    case "lint":
      try count(rest, 0...0, "lint", "no argument: --acl names the file", "lint")
      return .lint
    case "replay":
      try count(rest, 0...0, verb, "no argument: --capture names the file", "replay --capture FILE")
      return .replay
    case "suggest":
      try count(
        rest, 0...0, verb, "no argument: --capture names the file", "suggest --capture FILE")
      return .suggest
    default:
      let nearest = Nearest.word(to: verb, among: Self.verbs)
      throw UsageError(
        verb,
        nearest.map { "is not something to find out; the nearest is \($0)" }
          ?? "is not something to find out; expected \(Self.verbs.joined(choicesWith: "or"))")
    }
  }

  private func count(
    _ rest: [String], _ range: ClosedRange<Int>, _ verb: String, _ expected: String,
    _ example: String
  ) throws(UsageError) {
    if !range.contains(rest.count) {
      throw UsageError(
        verb, "expected \(expected) after it", example: "mqtt acl-check --acl acl.conf \(example)")
    }
  }

  private func question(
    _ words: [String], example: String
  ) throws(UsageError) -> AccessQuestion {
    let shown = "mqtt acl-check --acl acl.conf \(example) publish home/door"
    guard let word = words.first else {
      throw UsageError("who", "expected \(Self.questionList) after it", example: shown)
    }
    guard let action = AccessQuestionAction(rawValue: word) else {
      throw UsageError(word, "expected \(Self.questionList)", example: shown)
    }
    guard words.count == 2 else {
      throw UsageError(
        word,
        "expected one topic \(action.isRequest ? "filter " : "")after it; quote one that "
          + "holds blanks", example: shown)
    }
    do throws(ValueFault) {
      let topic =
        action.isRequest ? try Values.filter(words[1]) : try Values.topic(words[1])
      return AccessQuestion(action, topic)
    } catch {
      throw UsageError("\(word) \(words[1])", error.problem, example: shown)
    }
  }
}

extension AccessCheckOptions {
  /// Understands the words after `mqtt acl-check`.
  package static func parse(
    _ words: [[UInt8]]
  ) throws(UsageError) -> Invocation<AccessCheckOptions> {
    var draft = AccessCheckDraft()
    try ArgumentParser(command: .aclCheck, options: AccessCheckDraft.table)
      .parse(words, into: &draft)
    if let request = draft.request { return .information(request) }
    return .run(try draft.finished(), warnings: [])
  }
}
