// Questions, one or many, and expectations.

import AccessControl
import Commands
import Glibc
import Text

/// The answer to one question.
private struct Answer {
  /// ALLOW or DENY; for a subscription FULLY, PARTLY or NEVER.
  var word: String
  var isAllowed: Bool
  var deliverability: Deliverability?
  var location: RuleLocation?
  /// The rule in its own words, or what there is instead of one.
  var reason: String
  /// The numbers of the rules that had a part in it.
  var rules: [Int] = []
  var remarks: [RuleRemark] = []
  /// What the broker does by itself, whatever the rules say.
  var brokerRemark: String?
}

extension AccessCheckCommand {
  func answer(_ question: AccessQuestion) throws(AccessCheckFailure) -> Int32 {
    let rules = try rules(options.rulesFile)
    let asked = AccessCase(
      userName: options.userName, clientIdentifier: options.clientIdentifier,
      action: Self.action(question.action), topic: question.topic)
    let answer = answer(asked, rules, try passwords())
    if options.writesJSON {
      tell(members(asked, answer, rules))
    } else {
      tell(line(answer))
      tellDetails(answer, rules)
    }
    return answer.isAllowed ? ExitStatus.success : ExitStatus.failure
  }

  /// The action of a question.
  static func action(_ action: AccessQuestionAction) -> AccessAction {
    switch action {
    case .publish: .publish
    case .receive: .deliver
    case .subscribe: .subscribe
    case .unsubscribe: .unsubscribe
    }
  }

  func answerAll(_ file: String?) throws(AccessCheckFailure) -> Int32 {
    let rules = try rules(options.rulesFile)
    let passwords = try passwords()
    var isAllAllowed = true
    for asked in try cases(file, wantsExpectations: false) {
      let answer = answer(asked, rules, passwords)
      if !answer.isAllowed { isAllAllowed = false }
      if options.writesJSON {
        tell(members(asked, answer, rules))
      } else {
        tell("\(shown(asked)): \(line(answer))")
        tellDetails(answer, rules)
      }
    }
    return isAllAllowed ? ExitStatus.success : ExitStatus.failure
  }

  func test(_ file: String) throws(AccessCheckFailure) -> Int32 {
    let rules = try rules(options.rulesFile)
    let passwords = try passwords()
    let cases = try cases(file, wantsExpectations: true)
    var failures = 0
    var exercised: Set<Int> = []
    for asked in cases {
      guard let expectation = asked.expectation else { continue }
      let answer = answer(asked, rules, passwords)
      exercised.formUnion(answer.rules)
      let isMet =
        switch expectation {
        case .allow: answer.isAllowed
        case .deny: !answer.isAllowed
        case .fully, .partly, .never: answer.word == expectation.rawValue.uppercased()
        }
      if options.writesJSON {
        tell(
          [
            .init("line", .number(Double(asked.line))), .init("passed", .truth(isMet)),
            .init("expected", .text(expectation.rawValue)),
          ] + members(asked, answer, rules))
      } else if !isMet {
        tell(
          "FAIL \(file):\(asked.line): \(shown(asked)): expected \(expectation.rawValue), got "
            + line(answer))
      }
      if !isMet { failures += 1 }
    }
    if options.tellsCoverage { tellCoverage(rules, exercised) }
    if !options.writesJSON { tell("\(Counted.text(cases.count, "case")), \(failures) failed") }
    return failures == 0 ? ExitStatus.success : ExitStatus.failure
  }

  private func tellCoverage(_ rules: AccessList, _ exercised: Set<Int>) {
    for (number, rule) in rules.rules.enumerated() where !exercised.contains(number) {
      if options.writesJSON {
        tell([
          .init("file", .text(rules.file)), .init("line", .number(Double(rule.line))),
          .init("rule", .text(rule.text)), .init("exercised", .truth(false)),
        ])
      } else {
        tell("\(rules.file):\(rule.line): no case exercises \"\(rule.text)\"")
      }
    }
    if !options.writesJSON {
      tell("\(exercised.count) of \(Counted.text(rules.rules.count, "rule")) exercised")
    }
  }

  private func cases(
    _ file: String?, wantsExpectations: Bool
  ) throws(AccessCheckFailure) -> [AccessCase] {
    let bytes: [UInt8]
    if let file {
      bytes = try contents(file)
    } else {
      guard let input = WholeFile.contents(of: STDIN_FILENO) else {
        throw AccessCheckFailure(
          description: "mqtt acl-check: cannot read the standard input: "
            + String(cString: strerror(errno)))
      }
      bytes = input
    }
    do throws(AccessFileErrors) {
      return try AccessCase.all(
        parsing: bytes, file: file ?? "standard input", wantsExpectations: wantsExpectations)
    } catch {
      throw AccessCheckFailure(description: error.description)
    }
  }

  private func answer(
    _ asked: AccessCase, _ rules: AccessList, _ passwords: PasswordFile?
  ) -> Answer {
    if let passwords, let user = asked.userName, passwords.entry(of: user) == nil {
      let word = asked.action == .subscribe ? "NEVER" : "DENY"
      return Answer(
        word: word, isAllowed: false,
        reason: "\(user) has no entry in \(options.passwordFile ?? "") and cannot log in")
    }
    let permissions = AccessPermissions(
      rules,
      AccessSubject(
        clientIdentifier: asked.clientIdentifier ?? AuditSubject.anyClient,
        userName: asked.userName))
    var answer =
      asked.action == .subscribe
      ? answer(subscription: asked, permissions) : answer(message: asked, permissions)
    answer.brokerRemark = Self.brokerRemark(asked)
    return answer
  }

  /// A request to `$CONTROL` is refused by the broker itself; an ACL file may be for another one.
  private static func brokerRemark(_ asked: AccessCase) -> String? {
    if asked.action != .publish || !asked.topic.utf8.starts(with: "$CONTROL/".utf8) { return nil }
    return "mqtt broker itself refuses requests to $CONTROL with 0x87, whatever the rules say"
  }

  private func answer(message asked: AccessCase, _ permissions: AccessPermissions) -> Answer {
    let decision = permissions.decide(asked.action, topic: asked.topic)
    var answer = Answer(
      word: decision.isAllowed ? "ALLOW" : "DENY", isAllowed: decision.isAllowed,
      location: permissions.list.location(of: decision),
      reason: permissions.list.reason(for: decision))
    if case .rule(let number) = decision.ground { answer.rules = [number] }
    if options.explains { answer.remarks = permissions.explain(asked.action, topic: asked.topic) }
    return answer
  }

  private func answer(subscription asked: AccessCase, _ permissions: AccessPermissions) -> Answer {
    let decision = permissions.decide(.subscribe, topic: asked.topic)
    let found = permissions.deliverability(of: Array(asked.topic.utf8))
    let isAllowed = decision.isAllowed && found.extent != .never
    var answer = Answer(
      word: isAllowed ? found.extent.rawValue.uppercased() : "NEVER", isAllowed: isAllowed,
      deliverability: decision.isAllowed ? found : nil,
      location: permissions.list.location(of: decision),
      reason: "")
    if !decision.isAllowed {
      answer.reason = "the subscription is refused: " + permissions.list.reason(for: decision)
    } else if found.extent == .never {
      answer.reason = "no topic of \(asked.topic) may be received"
    } else {
      answer.reason = "all of \(asked.topic) is delivered"
      if let hole = found.undelivered {
        answer.reason = "for example, \(hole) is not delivered"
      }
    }
    if case .rule(let number) = decision.ground { answer.rules = [number] }
    answer.rules += found.parts.compactMap(\.rule)
    return answer
  }

  /// Who asks what, as it stands in a file of questions.
  private func shown(_ asked: AccessCase) -> String {
    let client = asked.clientIdentifier.map { " client=\($0)" } ?? ""
    return "\(asked.userName ?? "-")\(client) \(word(asked.action)) \(asked.topic)"
  }

  private func line(_ answer: Answer) -> String {
    let place = answer.location.map { " \($0)" } ?? ""
    return "\(answer.word)\(place): \(answer.reason)"
  }

  private func tellDetails(_ answer: Answer, _ rules: AccessList) {
    for part in answer.deliverability?.parts ?? [] {
      let place = part.rule.map { "\(rules.file):\(rules.rules[$0].line)" } ?? "the default"
      tell("  \(part.text) by \(place)")
    }
    if let remark = answer.brokerRemark { tell("  \(remark)") }
    for remark in answer.remarks {
      let rule = rules.rules[remark.rule]
      tell("  \(rules.file):\(rule.line): \(rule.text): \(remark.text)")
    }
  }

  private func members(
    _ asked: AccessCase, _ answer: Answer, _ rules: AccessList
  ) -> [JSONValue.Member] {
    var result: [JSONValue.Member] = [
      .init("user", .text(asked.userName)), .init("client", .text(asked.clientIdentifier)),
      .init("action", .text(word(asked.action))),
      .init("topic", .text(asked.topic)), .init("allowed", .truth(answer.isAllowed)),
      .init("answer", .text(answer.word)), .init("file", .text(answer.location?.file)),
      .init("line", answer.location.map { .number(Double($0.line)) } ?? .null),
      .init("reason", .text(answer.reason)),
    ]
    if let parts = answer.deliverability?.parts {
      let values = parts.map { part in
        JSONValue.object([
          .init("filter", .text(part.shape.text)),
          .init("except", .array(part.outside.map { .text($0.text) })),
          .init("line", part.rule.map { .number(Double(rules.rules[$0].line)) } ?? .null),
        ])
      }
      result.append(.init("delivered", .array(values)))
    }
    if let remark = answer.brokerRemark { result.append(.init("broker", .text(remark))) }
    if options.explains {
      let values = answer.remarks.map { remark in
        JSONValue.object([
          .init("line", .number(Double(rules.rules[remark.rule].line))),
          .init("rule", .text(rules.rules[remark.rule].text)),
          .init("matches", .truth(remark.isMatch)), .init("remark", .text(remark.text)),
        ])
      }
      result.append(.init("rules", .array(values)))
    }
    return result
  }
}
