// Questions and expectations as lines of a file: who, what, which topic, and for an expectation the
// answer.
//
//   # user [client=ID] action topic [answer]
//   alice publish home/door deny
//   "eve mallory" client=c1 receive "two words" allow
//   - subscribe news/# fully
//
// Words are parted by blanks or tabs; one that holds some stands in quotes, where \ takes the next
// character as it is. `-` is a client without a user name.

import Basis
import MQTTCodec

/// A line with a question.
package struct AccessCase: Equatable, Sendable {
  /// What the answer should be.
  package enum Expectation: String, CaseIterable, Sendable {
    case allow
    case deny
    /// Answers about subscriptions.
    case fully
    case partly
    case never
  }

  /// Counted from 1.
  package var line: Int
  package var userName: String?
  package var clientIdentifier: String?
  package var action: AccessAction
  package var topic: String
  package var expectation: Expectation?

  /// A question that stands in no file.
  package init(
    line: Int = 0, userName: String?, clientIdentifier: String?, action: AccessAction,
    topic: String, expectation: Expectation? = nil
  ) {
    self.line = line
    self.userName = userName
    self.clientIdentifier = clientIdentifier
    self.action = action
    self.topic = topic
    self.expectation = expectation
  }

  /// Reads all lines, or tells everything that is wrong with them.
  ///
  /// With `wantsExpectations` each line must end with an answer, else none may.
  package static func all(
    parsing bytes: [UInt8], file: String, wantsExpectations: Bool
  ) throws(AccessFileErrors) -> [AccessCase] {
    var cases: [AccessCase] = []
    var errors: [AccessFileError] = []
    let text = bytes.withoutByteOrderMark
    let lines = text.split(separator: 0x0A, omittingEmptySubsequences: false)
    for (index, line) in lines.enumerated() where line.first != .hash {
      do throws(AccessFileError) {
        var reader = AccessCaseReader(file: file, number: index + 1, line: Array(line))
        if let found = try reader.read(wantsExpectations: wantsExpectations) { cases.append(found) }
      } catch {
        errors.append(error)
      }
    }
    if !errors.isEmpty { throw AccessFileErrors(errors) }
    return cases
  }
}

private struct AccessCaseReader {
  let file: String
  let number: Int
  let line: [UInt8]
  private var position = 0
  /// Where the last word began.
  private var start = 0

  init(file: String, number: Int, line: [UInt8]) {
    self.file = file
    self.number = number
    self.line = line
  }

  mutating func read(wantsExpectations: Bool) throws(AccessFileError) -> AccessCase? {
    guard let user = try word() else { return nil }
    let isNobody = !user.isQuoted && user.text == "-"
    var next = try word()
    var client: String?
    if let found = next, found.text.hasPrefix("client=") {
      client = String(found.text.dropFirst("client=".count))
      next = try word()
    }
    guard let action = next.flatMap({ Self.action($0.text) }) else {
      throw mistake(
        next == nil ? "the line ends after the user" : "\"\(next?.text ?? "")\" is not an action",
        "write: USER publish TOPIC, or receive, subscribe or unsubscribe")
    }
    guard let topic = try word() else {
      throw mistake("the line ends after the action", "write a topic after it")
    }
    let bytes = Array(topic.text.utf8)
    let isRequest = action == .subscribe || action == .unsubscribe
    let fault = isRequest ? Topic.faultOfFilter(bytes.span) : Topic.faultOfName(bytes.span)
    if let fault {
      let what = isRequest ? "topic filter" : "topic"
      throw mistake(
        "\"\(topic.text)\" is not a \(what): \(fault.explanation)", "write one that is")
    }
    let expectation = try wantsExpectations ? expectation(action) : nil
    if let extra = try word() {
      throw mistake(
        "\"\(extra.text)\" is one word too many",
        "put a user or topic that holds blanks in double quotes")
    }
    return AccessCase(
      line: number, userName: isNobody ? nil : user.text, clientIdentifier: client, action: action,
      topic: topic.text, expectation: expectation)
  }

  private static func action(_ word: String) -> AccessAction? {
    switch word {
    case "publish", "write": .publish
    case "receive", "read": .deliver
    case "subscribe": .subscribe
    case "unsubscribe": .unsubscribe
    default: nil
    }
  }

  private mutating func expectation(
    _ action: AccessAction
  ) throws(AccessFileError) -> AccessCase.Expectation {
    let found = try word()?.text
    let known: [AccessCase.Expectation] =
      action == .subscribe ? AccessCase.Expectation.allCases : [.allow, .deny]
    if let expectation = known.first(where: { $0.rawValue == found }) { return expectation }
    throw mistake(
      found.map { "\"\($0)\" is not an answer" } ?? "the line ends after the topic",
      "end it with " + known.map(\.rawValue).joined(separator: " or "))
  }

  private func mistake(_ problem: String, _ fix: String) -> AccessFileError {
    AccessFileError(file: file, line: number, column: start + 1, problem: problem, fix: fix)
  }

  /// The next word; nil at the end of the line.
  private mutating func word() throws(AccessFileError) -> (text: String, isQuoted: Bool)? {
    while position < line.count, line[position].isBlankOfC { position += 1 }
    start = position
    if position == line.count { return nil }
    var bytes: [UInt8] = []
    let isQuoted = line[position] == UInt8(ascii: "\"")
    if isQuoted { position += 1 }
    while position < line.count {
      let byte = line[position]
      position += 1
      if isQuoted, byte == UInt8(ascii: "\"") { return try (text(bytes), true) }
      if !isQuoted, byte.isBlankOfC { return try (text(bytes), false) }
      if isQuoted, byte == UInt8(ascii: "\\"), position < line.count {
        bytes.append(line[position])
        position += 1
      } else {
        bytes.append(byte)
      }
    }
    if isQuoted { throw mistake("the quotes are not closed", "end the word with a double quote") }
    return try (text(bytes), false)
  }

  private func text(_ bytes: [UInt8]) throws(AccessFileError) -> String {
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw mistake("\(shown(bytes)) is not UTF-8", "save the file as UTF-8")
    }
    return text
  }
}
