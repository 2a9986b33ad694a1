// Questions about whole files: what a user may do, who may do something, what changes, what is
// doubtful.

import AccessControl
import Commands
import Text

extension AccessCheckCommand {
  func list() throws(AccessCheckFailure) -> Int32 {
    let rules = try rules(options.rulesFile)
    let client = options.clientIdentifier ?? AuditSubject.anyClient
    let subjects =
      options.userName.map { [AuditSubject(user: $0, client: client)] }
      ?? AuditSubject.all([rules], client: client)
    for subject in subjects {
      let permissions = AccessPermissions(rules, subject.subject)
      if !options.writesJSON { tell(subject.title + ":") }
      var isEmpty = true
      for action in AccessAction.allCases {
        for region in Self.regions(permissions, action) {
          isEmpty = false
          tell(region, word(action), subject, rules)
        }
      }
      if isEmpty, !options.writesJSON { tell("  nothing") }
    }
    return ExitStatus.success
  }

  /// What the client may do; nothing about requests where the file has no say in them.
  private static func regions(
    _ permissions: AccessPermissions, _ action: AccessAction
  ) -> [TopicRegion] {
    switch action {
    case .publish, .deliver: permissions.regions(action, allowed: true)
    case .subscribe, .unsubscribe:
      permissions.restricts(action) ? permissions.allowedRequests(action) : []
    }
  }

  private func tell(
    _ region: TopicRegion, _ action: String, _ subject: AuditSubject, _ rules: AccessList
  ) {
    let line = region.rule.map { rules.rules[$0].line }
    if options.writesJSON {
      return tell([
        .init("user", .text(subject.subject.userName)), .init("action", .text(action)),
        .init("filter", .text(region.text(region.shape))),
        .init("except", .array(region.outside.map { .text(region.text($0)) })),
        .init("file", .text(rules.file)),
        .init("line", line.map { .number(Double($0)) } ?? .null),
      ])
    }
    let place = line.map { "\(rules.file):\($0)" } ?? "the default"
    tell("  \(action) \(region.text) by \(place)")
  }

  func who(_ question: AccessQuestion) throws(AccessCheckFailure) -> Int32 {
    let rules = try rules(options.rulesFile)
    if question.action == .subscribe { return who(subscribe: question.topic, rules) }
    let action = Self.action(question.action)
    let permits = rules.permits(action, topic: question.topic)
    for permit in permits {
      let location = rules.location(of: permit.decision)
      if options.writesJSON {
        tell([
          .init("who", .text(permit.title)), .init("file", .text(location?.file)),
          .init("line", location.map { .number(Double($0.line)) } ?? .null),
          .init("reason", .text(rules.reason(for: permit.decision))),
        ])
      } else {
        let place = location.map { " by \($0)" } ?? ""
        tell("\(permit.title)\(place): \(rules.reason(for: permit.decision))")
      }
    }
    return permits.isEmpty ? ExitStatus.failure : ExitStatus.success
  }

  private func who(subscribe filter: String, _ rules: AccessList) -> Int32 {
    var status = ExitStatus.failure
    var general: Set<String?> = []
    for subject in rules.subjects([.subscribe, .deliver], topic: filter) {
      let name = subject.subject.userName
      if general.contains(name) { continue }
      let permissions = AccessPermissions(rules, subject.subject)
      guard permissions.decide(.subscribe, topic: filter).isAllowed else { continue }
      let found = permissions.deliverability(of: Array(filter.utf8))
      if found.extent == .never { continue }
      status = ExitStatus.success
      if subject.subject.clientIdentifier == AuditSubject.anyClient, found.extent == .fully {
        general.insert(name)
      }
      if options.writesJSON {
        tell([
          .init("who", .text(subject.title)), .init("answer", .text(found.extent.rawValue)),
          .init("undelivered", .text(found.undelivered)),
        ])
      } else {
        let hole = found.undelivered.map { ", but for example not \($0)" } ?? ""
        tell("\(subject.title): \(found.extent.rawValue)\(hole)")
      }
    }
    return status
  }

  func diff(_ old: String, _ new: String) throws(AccessCheckFailure) -> Int32 {
    let (old, new) = (try rules(old), try rules(new))
    let changes = AccessChange.all(from: old, to: new)
    for change in changes {
      if options.writesJSON {
        tell([
          .init("who", .text(change.title)),
          .init("change", .text(change.isGain ? "gain" : "loss")),
          .init("action", .text(word(change.action))),
          .init("filter", .text(change.region.text(change.region.shape))),
          .init("except", .array(change.region.outside.map { .text(change.region.text($0)) })),
          .init("example", .text(change.example)),
          .init("example_client", .text(change.exampleSubject?.clientIdentifier)),
          .init("example_user", .text(change.exampleSubject?.userName)),
          .init("old", .text(change.oldRule?.description)),
          .init("new", .text(change.newRule?.description)),
        ])
      } else {
        let place = (change.newRule ?? change.oldRule).map { " by \($0)" } ?? ""
        tell(
          "\(change.title): \(change.isGain ? "gains" : "loses") \(word(change.action)) "
            + "\(change.region.text)\(place), for example \(change.example)"
            + Self.namesOfExample(change))
      }
    }
    return changes.isEmpty ? ExitStatus.success : ExitStatus.failure
  }

  /// Whose names stand in the example.
  private static func namesOfExample(_ change: AccessChange) -> String {
    guard let subject = change.exampleSubject else { return "" }
    let user = change.title == AuditSubject.other().title ? subject.userName : nil
    return " as the client \(subject.clientIdentifier)" + (user.map { " of the user \($0)" } ?? "")
  }

  func lint() throws(AccessCheckFailure) -> Int32 {
    let path = options.rulesFile
    let bytes = try contents(path)
    let passwords = try passwords()
    let findings: [AccessFileError]
    do throws(AccessFileErrors) {
      findings = try AccessLint.findings(
        reading: bytes, file: path, allowsExtensions: options.allowsExtensions,
        passwords: passwords.map { passwords in
          (options.passwordFile ?? "", passwords.entries.map { ($0.userName, $0.line) })
        })
    } catch {
      findings = error.errors
    }
    for finding in findings {
      if options.writesJSON {
        tell([
          .init("file", .text(finding.file)), .init("line", .number(Double(finding.line))),
          .init("column", .number(Double(finding.column))),
          .init("problem", .text(finding.problem)), .init("fix", .text(finding.fix)),
        ])
      } else {
        tell(finding.description)
      }
    }
    for fault in passwords?.faults ?? [] {
      if options.writesJSON {
        tell([
          .init("file", .text(fault.file)), .init("line", .number(Double(fault.line))),
          .init("column", .number(Double(fault.column))), .init("problem", .text(fault.problem)),
        ])
      } else {
        tell(fault.description)
      }
    }
    let isClean = findings.isEmpty && passwords?.faults.isEmpty != false
    return isClean ? ExitStatus.success : ExitStatus.failure
  }

  /// The action as the command line names it.
  func word(_ action: AccessAction) -> String {
    action == .deliver ? "receive" : "\(action)"
  }
}
