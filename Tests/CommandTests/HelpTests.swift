// `--help`. The texts are held in Snapshots/; after a change that is meant, write them anew with
// `mqtt COMMAND --help > Tests/CommandTests/Snapshots/help-COMMAND.txt`.

import Commands
import Foundation
import LiveSupport
import Testing

@Suite struct HelpTests {
  private func snapshot(_ name: String) throws -> String {
    let path = checkoutFolder + "/Tests/CommandTests/Snapshots/\(name).txt"
    return try String(contentsOfFile: path, encoding: .utf8)
  }

  @Test(arguments: Command.allCases) func `the help of a command is what it was`(
    command: Command
  ) throws {
    #expect(Help().full(command) == (try snapshot("help-\(command.rawValue)")))
  }

  @Test func `the list of commands is what it was`() throws {
    #expect(Help().overview() == (try snapshot("help")))
  }

  @Test(arguments: [(60, 80), (80, 80), (90, 90), (100, 100), (300, 100)])
  func `no line is wider than the terminal, within 80 and 100 columns`(
    width: Int, bound: Int
  ) {
    for command in Command.allCases {
      let lines = Help(width: width).full(command).split(separator: "\n")
      // A default that is one long word cannot be broken.
      #expect(lines.allSatisfy { $0.count <= bound })
      #expect(lines.contains { $0.count > bound - 8 })
    }
  }

  @Test func `every option of a table is in the help of its command, once`() {
    for command in Command.allCases {
      let lines = Help(width: 100).full(command).split(separator: "\n")
      for option in command.options {
        let start = "  \(option.spelling)"
        #expect(lines.filter { $0 == start || $0.hasPrefix("\(start) ") }.count == 1, "\(start)")
      }
    }
  }

  @Test func `colour is written only when it is wanted`() {
    #expect(!Help().full(.pub).contains("\u{1B}"))
    #expect(Help(isColoured: true).full(.pub).contains("\u{1B}[1mUsage:\u{1B}[0m mqtt pub"))
  }

  @Test func `no spelling stands for two options of a command`() {
    for command in Command.allCases {
      let options = command.options
      let long = options.flatMap { [$0.long] + $0.aliases }
      #expect(Set(long).count == long.count)
      let letters = options.compactMap(\.letter)
      #expect(Set(letters).count == letters.count)
    }
  }

  @Test func `the example of every option is one that it takes`() throws {
    let plain: [Command: String] = [
      .broker: "", .passwd: "a b", .pub: "a b", .sub: "a", .aclCheck: "publish a",
      .bench: "pub:1",
    ]
    for command in Command.allCases {
      for option in command.options where !option.isFlag {
        let example = option.example.replacing(/[' ]/) { $0.output == " " ? " " : "" }
        let error = errorText(command, "--\(option.long) \(example) \(plain[command] ?? "")")
        #expect(!error.hasPrefix("--\(option.long) "), "\(error)")
      }
    }
  }

  @Test(arguments: [Command.pub, .sub])
  func `the help of a client begins with ten options that everybody uses and five examples`(
    command: Command
  ) throws {
    let parts = Help().full(command).components(separatedBy: "\n\n")
    let index = try #require(parts.firstIndex { $0.hasPrefix("What everybody uses:\n") })
    let options = parts[index].split(separator: "\n").filter { $0.hasPrefix("  -") }
    #expect(options.count == 10)
    let examples = parts[index + 1].split(separator: "\n")
    #expect(examples.first == "Examples:")
    #expect(examples.count == 6)
    #expect(examples.dropFirst().allSatisfy { $0.contains("mqtt \(command.rawValue)") })
    #expect(parts.filter { $0.hasPrefix("Examples:") }.count == 1)
  }

  @Test func `no help points to what does not stand in it`() {
    for command in Command.allCases { #expect(!Help().full(command).contains("below")) }
  }
}
