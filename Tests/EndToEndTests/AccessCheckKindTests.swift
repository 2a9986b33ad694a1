// Every kind of rule that decides, put to every command of `mqtt acl-check`: a file with the rule and
// one without it are told apart by all of them.

import Foundation
import LiveSupport
import Testing

struct AccessCheckKindTests {
  /// A rule in a file, what it changes, and the words of a question that tells both files apart.
  struct Kind: CustomTestStringConvertible, Sendable {
    var name: String
    var with: String
    var without: String
    /// As in `receive a/b`.
    var question: String
    var testDescription: String { name }
  }

  private static func lines(_ name: String, _ rule: String, _ question: String) -> Kind {
    let ground = rule.contains("deny") ? "topic a/#\ntopic $app/#\ntopic subscribe a/#\n" : ""
    return Kind(name: name, with: ground + rule + "\n", without: ground, question: question)
  }

  private static func dynamic(
    _ name: String, acls: [String], without: [String], question: String, defaults: String = "{}",
    oldDefaults: String = "{}", terms: String = "", oldTerms: String = ""
  ) -> Kind {
    func file(_ acls: [String], _ defaults: String, _ terms: String) -> String {
      """
      {"defaultACLAccess":\(defaults),
      "groups":[{"groupname":"g","roles":[{"rolename":"r"}]}],"anonymousGroup":"g",
      "roles":[{"rolename":"r",\(terms)"acls":[\(acls.joined(separator: ",\n"))]}]}
      """
    }
    return Kind(
      name: name, with: file(acls, defaults, terms),
      without: file(without, oldDefaults, oldTerms), question: question)
  }

  private static func acl(_ kind: String, _ topic: String, _ isAllowed: Bool) -> String {
    "{\"acltype\":\"\(kind)\",\"topic\":\"\(topic)\",\"allow\":\(isAllowed)}"
  }

  private static let receiving = acl("publishClientReceive", "#", true)

  static let kinds: [Kind] =
    [
      lines("topic read", "topic read a/#", "receive a/b"),
      lines("topic write", "topic write a/#", "publish a/b"),
      lines("topic readwrite", "topic readwrite a/#", "publish a/b"),
      lines("topic without a word", "topic a/#", "receive a/b"),
      lines("topic deny", "topic deny a/b", "publish a/b"),
      lines("topic deny, subscribing", "topic deny a/b", "subscribe a/b"),
      lines("topic readdeny", "topic readdeny a/b", "receive a/b"),
      lines("topic writedeny", "topic writedeny a/b", "publish a/b"),
      lines("topic deny with $", "topic deny $app/b", "receive $app/b"),
      lines("topic read with $", "topic read $app/#", "subscribe $app/#"),
      lines("topic write $CONTROL", "topic write $CONTROL/#", "publish $CONTROL/a"),
      lines(
        "topic write $SYS", "topic write $SYS/#", "publish $SYS/broker/connection/a/state"),
      lines("pattern read", "pattern read %c/a", "receive c1/a"),
      lines("pattern write", "pattern write a-%c", "publish a-c1"),
      Kind(
        name: "subscribe", with: "topic read #\ntopic subscribe a\ntopic subscribe b/#\n",
        without: "topic read #\ntopic subscribe a\n", question: "subscribe b/c"),
      Kind(
        name: "pattern subscribe",
        with: "topic read #\ntopic subscribe a\npattern subscribe b/%c\n",
        without: "topic read #\ntopic subscribe a\n", question: "subscribe b/c1"),
      dynamic(
        "default of an action", acls: [], without: [], question: "publish a",
        defaults: "{\"publishClientSend\":true}"),
      dynamic(
        "default of receiving, with $", acls: [], without: [], question: "receive $app/a",
        defaults: "{\"publishClientReceive\":true}"),
      dynamic(
        "default of subscribing", acls: [receiving], without: [receiving], question: "subscribe a",
        defaults: "{\"subscribe\":true}"),
      dynamic(
        "default of unsubscribing", acls: [], without: [], question: "unsubscribe a",
        defaults: "{\"unsubscribe\":true}"),
      dynamic(
        "allowwildcardsubs", acls: [receiving, acl("subscribePattern", "a/#", true)],
        without: [receiving, acl("subscribePattern", "a/#", true)], question: "subscribe a/+",
        oldTerms: "\"allowwildcardsubs\":false,"),
    ]
    + [
      ("publishClientSend", "publish"), ("publishClientReceive", "receive"),
      ("subscribePattern", "subscribe"), ("subscribeLiteral", "subscribe"),
      ("unsubscribePattern", "unsubscribe"), ("unsubscribeLiteral", "unsubscribe"),
    ].flatMap { kind, verb in
      ["a/b", "$app/b"].flatMap { topic in
        let all =
          "{\"publishClientSend\":true,\"publishClientReceive\":true,\"subscribe\":true,"
          + "\"unsubscribe\":true}"
        let receiving = [
          acl("publishClientReceive", "#", true),
          acl("publishClientReceive", "$app/#", true),
        ].filter { _ in verb == "subscribe" }
        return [
          dynamic(
            "allow \(kind) \(topic)", acls: receiving + [acl(kind, topic, true)],
            without: receiving, question: "\(verb) \(topic)"),
          dynamic(
            "deny \(kind) \(topic)", acls: receiving + [acl(kind, topic, false)],
            without: receiving, question: "\(verb) \(topic)", defaults: all, oldDefaults: all),
        ]
      }
    }

  private func check(_ folder: TestFolder, _ words: [String]) throws -> (
    output: String, status: Int32
  ) {
    let result = try run(
      [mqttPath, "acl-check", "--acl-extensions"] + words, workingFolder: folder.path)
    #expect(result.errors == "", "\(words)")
    return (result.output, result.status)
  }

  @Test(arguments: kinds) func `every command tells a file with the rule from one without it`(
    _ kind: Kind
  ) throws {
    let folder = TestFolder()
    try folder.write(kind.with, to: "with")
    try folder.write(kind.without, to: "without")
    try folder.write("- client=c1 \(kind.question)\n", to: "questions")
    let words = kind.question.split(separator: " ").map(String.init)
    let isRequest = words[0] == "subscribe"
    func both(_ words: [String], _ option: (String) -> [String]) throws -> [String] {
      try ["with", "without"].map { file in
        let answer = try check(folder, option(file) + words)
        return "\(answer.status) \(answer.output.replacing(file, with: "FILE"))"
      }
    }
    func acl(_ file: String) -> [String] { ["--acl", file] }
    let question = try both(words) { acl($0) + ["-i", "c1"] }
    #expect(question[0] != question[1], "question")
    let ask = try both(["ask", "questions"], acl)
    #expect(ask[0] != ask[1], "ask")
    let list = try both(["list"], acl)
    #expect(list[0] != list[1], "list")
    let who = try both(["who"] + words, acl)
    #expect(who[0] != who[1], "who")
    for files in [["with", "without"], ["without", "with"]] {
      let diff = try check(folder, ["diff"] + files)
      #expect(diff.status == 1, "diff")
      #expect(diff.output != "", "diff")
    }
    #expect(try check(folder, ["diff", "with", "with"]).output == "", "diff of the same")
    let answer = isRequest ? ["never", "partly", "fully"] : ["allow", "deny"]
    let expectations = try answer.map { answer in
      try folder.write("- client=c1 \(kind.question) \(answer)\n", to: "cases")
      return try both(["test", "cases"], acl)
    }
    #expect(expectations.contains { $0[0] != $0[1] }, "test")
  }

  /// A rule that stands twice is found doubtful, whatever it is about.
  @Test(arguments: [
    "publishClientSend", "publishClientReceive", "subscribePattern", "subscribeLiteral",
    "unsubscribePattern", "unsubscribeLiteral",
  ]) func `lint finds a rule of every kind that is never reached`(_ kind: String) throws {
    let rule = Self.acl(kind, "a/b", true)
    let twice = Self.dynamic(
      "", acls: [rule, Self.acl(kind, "a/b", false)], without: [rule], question: "")
    let folder = TestFolder()
    try folder.write(twice.with, to: "with")
    try folder.write(twice.without, to: "without")
    let found = try check(folder, ["--acl", "with", "lint"])
    #expect(found.output.contains("\"deny \(kind) a/b in role r\" is never reached"))
    #expect(found.status == 1)
    #expect(try check(folder, ["--acl", "without", "lint"]).output == "")
  }

  @Test(arguments: ["read", "write", "readwrite", "deny", "subscribe", "readdeny", "writedeny"])
  func `lint finds a line of every kind that adds nothing`(_ word: String) throws {
    let folder = TestFolder()
    try folder.write("user u\ntopic \(word) a/#\ntopic \(word) a/b\n", to: "acl")
    let found = try check(folder, ["--acl", "acl", "lint"])
    #expect(found.output.contains("\"topic \(word) a/b\" adds nothing: line 2"), "\(found.output)")
  }
}
