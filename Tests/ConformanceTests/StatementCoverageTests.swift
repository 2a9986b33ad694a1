// Holds the list of normative statements against the tests: each statement that binds a server or
// a client has a test that names it, and each tag names a statement that exists.
//
// What counts as a test is the name of a test function and a line of the shared byte vectors,
// which every codec test runs through; a tag in a comment proves nothing.

import Foundation
import LiveSupport
import Testing

struct StatementCoverageTests {
  /// A tag as it was found in a file.
  private struct Mention {
    var tag: String
    var place: String
    var isProof: Bool
  }

  private static func mentions(in folder: String) throws -> [Mention] {
    let root = URL(filePath: checkoutFolder).appending(path: folder).resolvingSymlinksInPath()
    let files = FileManager.default.enumerator(at: root, includingPropertiesForKeys: nil)
    var mentions: [Mention] = []
    for case let file as URL in files ?? .init() {
      guard ["swift", "txt", "py"].contains(file.pathExtension),
        let text = try? String(contentsOf: file, encoding: .utf8)
      else { continue }
      let isVectors = file.pathExtension == "txt"
      for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false)
        .enumerated()
      {
        let isProof = isVectors || line.contains("func `") || line.contains("@Test(\"")
        for match in line.matches(of: /MQTT(311)?-[0-9]+\.[0-9.]+-[0-9]+/) {
          let place = "\(folder)\(file.path.dropFirst(root.path.count)):\(index + 1)"
          mentions.append(Mention(tag: String(match.output.0), place: place, isProof: isProof))
        }
      }
    }
    return mentions
  }

  @Test func `the tables hold every number once and refer only to each other`() throws {
    let statements = try Statement.all()
    #expect(statements.count(where: { $0.standard == .mqtt5 }) == 251)
    #expect(statements.count(where: { $0.standard == .mqtt311 }) == 141)
    let tags = Set(statements.map(\.tag))
    #expect(tags.count == statements.count)
    for statement in statements {
      guard let counterpart = statement.counterpart else { continue }
      #expect(tags.contains("MQTT-\(counterpart)"), "\(statement.tag) is like \(counterpart)")
    }
  }

  @Test(arguments: ["Sources", "Tests"])
  func `every tag names a statement of the standard`(folder: String) throws {
    let tags = Set(try Statement.all().map(\.tag))
    for mention in try Self.mentions(in: folder) {
      #expect(tags.contains(mention.tag), "\(mention.place): there is no \(mention.tag)")
    }
  }

  @Test func `every statement that binds a server or a client has a test`() throws {
    let statements = try Statement.all()
    let proven = Set(try Self.mentions(in: "Tests").filter(\.isProof).map(\.tag))
    let excused = Set(statements.filter { $0.reasonForNoTest != nil }.map(\.tag))
    for statement in statements
    where statement.binds != .neither && !excused.contains(statement.tag) {
      let counterpart = statement.counterpart.map { "MQTT-\($0)" }
      let hasTest =
        proven.contains(statement.tag)
        || counterpart.map { proven.contains($0) || excused.contains($0) } ?? false
      #expect(hasTest, "no test names [\(statement.tag)]: \(statement.content)")
    }
  }

  @Test func `no statement is excused that has a test`() throws {
    let proven = Set(try Self.mentions(in: "Tests").filter(\.isProof).map(\.tag))
    for statement in try Statement.all() where statement.reasonForNoTest != nil {
      #expect(!proven.contains(statement.tag), "\(statement.tag) is tested and needs no excuse")
    }
  }
}
