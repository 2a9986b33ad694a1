// The program itself: what goes to which stream, and the exit status.

import Foundation
import LiveSupport
import Testing

@Suite struct ProgramTests {
  private func mqtt(
    _ arguments: [String]
  ) throws -> (status: Int32, output: String, errors: String) {
    try runInCheckout([mqttPath] + arguments)
  }

  @Test func `without a command a short help goes to the error stream, with status 2`() throws {
    let result = try mqtt([])
    #expect(result.status == 2)
    #expect(result.output == "")
    #expect(result.errors.hasPrefix("Usage: mqtt COMMAND"))
  }

  @Test(arguments: [["--help"], ["-h"], ["help"], ["help", "pub"], ["sub", "--help"]])
  func `help that is asked for goes to the output stream, with status 0`(
    arguments: [String]
  ) throws {
    let result = try mqtt(arguments)
    #expect(result.status == 0)
    #expect(result.output.hasPrefix("Usage: mqtt "))
    #expect(!result.output.contains("\u{1B}"))
    #expect(result.errors == "")
  }

  @Test(arguments: [
    ("inspect", "inspect-pcap"), ("acl", "acl-check"), ("--hlep", "--help"), ("sbu", "sub"),
    ("version", "--version"),
  ])
  func `word that is no command names what it may have meant`(
    word: String, meant: String
  ) throws {
    let result = try mqtt([word])
    #expect(result.status == 2)
    #expect(
      result.errors == """
        mqtt: \(word): is not a command; the nearest one is \(meant)
        'mqtt --help' lists the commands.

        """)
  }

  @Test func `help of a command within a command is found by both words`() throws {
    let asked = try mqtt(["help", "broker", "passwd"])
    #expect(asked.output == (try mqtt(["broker", "passwd", "--help"])).output)
    #expect(asked.output.hasPrefix("Usage: mqtt broker passwd"))
  }

  @Test(arguments: [["--version"], ["pub", "--version"], ["broker", "--version"]])
  func `the version is one line on the output stream`(arguments: [String]) throws {
    let result = try mqtt(arguments)
    #expect(result.status == 0)
    #expect(result.output.wholeMatch(of: /mqtt \d+\.\d+\.\d+\n/) != nil)
  }

  @Test func `a wrong command line is told on the error stream, with status 2`() throws {
    let result = try mqtt(["pub", "-q", "3", "a", "b"])
    #expect(result.status == 2)
    #expect(result.output == "")
    #expect(
      result.errors == """
        mqtt pub: -q 3: expected 0, 1 or 2, for example: -q 1
        'mqtt pub --help' lists the options.

        """)
  }

  @Test func `an unknown command is told the nearest one, with status 2`() throws {
    let result = try mqtt(["pbu"])
    #expect(result.status == 2)
    #expect(
      result.errors == """
        mqtt: pbu: is not a command; the nearest one is pub
        'mqtt --help' lists the commands.

        """)
  }

  @Test(arguments: [("", true), ("NO_COLOR=1", false), ("NO_COLOR=", true), ("TERM=dumb", false)])
  func `help has colour on a terminal, and never under NO_COLOR`(
    variable: String, isColoured: Bool
  ) throws {
    // script(1) runs a command on a terminal of its own.
    let command = "env -u NO_COLOR TERM=xterm \(variable) \(mqttPath) --help"
    let result = try runInCheckout(["script", "-qec", command, "/dev/null"])
    #expect(result.output.contains("Usage:"))
    #expect(result.output.contains("\u{1B}[1m") == isColoured)
  }

  @Test func `generated files are written where they are wanted`() throws {
    let folder = TestFolder()
    for name in ["completions", "man"] {
      try FileManager.default.createDirectory(
        atPath: folder.path(name), withIntermediateDirectories: true)
    }
    #expect(try mqtt(["generate", folder.path]).status == 0)
    #expect(!folder.bytes("man/mqtt-sub.1").isEmpty)
    #expect(try mqtt(["generate", "/nonexistent"]).status == 1)
  }

  @Test(arguments: [[""], ["--install", ""], ["--uninstall", ""], []])
  func `generate wants a directory that has a name`(words: [String]) throws {
    let result = try mqtt(["generate"] + words)
    #expect(result.status == 2)
    #expect(result.errors.contains("directory"))
  }

  private func files(_ folder: TestFolder) -> [String] {
    FileManager.default.enumerator(atPath: folder.path)?.compactMap { $0 as? String }.sorted() ?? []
  }

  @Test func `what was installed is removed again, and nothing else`() throws {
    let folder = TestFolder()
    try FileManager.default.createDirectory(
      atPath: folder.path("man/man1"), withIntermediateDirectories: true)
    try folder.write("mine", to: "man/man1/other.1")
    let before = files(folder)
    let installed = try mqtt(["generate", "--install", folder.path])
    #expect(installed.status == 0)
    #expect(files(folder).contains("zsh/site-functions/_mqtt"))
    let removed = try mqtt(["generate", "--uninstall", folder.path])
    #expect(removed.status == 0)
    #expect(
      removed.output == installed.output.split(separator: "\n").map { "removed \($0)\n" }.joined())
    #expect(files(folder) == before)
    #expect(try mqtt(["generate", "--uninstall", folder.path]).output == "")
  }

  @Test(arguments: [["generate", "--help"], ["help", "generate"]])
  func `generate says what it installs and removes`(arguments: [String]) throws {
    let result = try mqtt(arguments)
    #expect(result.status == 0)
    #expect(result.output.hasPrefix("Usage: mqtt generate --install [DIRECTORY]\n"))
    #expect(result.output.contains("mqtt generate --uninstall [DIRECTORY]\n"))
  }

  @Test(arguments: [
    ["generate"], ["generate", "--uninstall", "--install"], ["generate", "--install", ""],
    ["generate", "--remove"], ["generate", "a", "b"],
  ])
  func `generate without a directory where it needs one is used wrongly`(
    arguments: [String]
  ) throws {
    let result = try mqtt(arguments)
    #expect(result.status == 2)
    #expect(result.errors.contains("expected"))
  }

  @Test func `generate is found by a word that is near`() throws {
    #expect(try mqtt(["genrate"]).errors.contains("the nearest one is generate\n"))
  }

  @Test(arguments: [
    (["acl-check", "list"], "mqtt acl-check list: "), (["acl-check", "lint"], "mqtt acl-check"),
    (["bench", "compare"], "mqtt bench"), (["broker", "passwd"], "mqtt broker passwd: "),
  ])
  func `the name of a command stands once before what is wrong with it`(
    arguments: [String], start: String
  ) throws {
    let result = try mqtt(arguments)
    #expect(result.status == 2)
    #expect(result.errors.hasPrefix(start))
    let problem = result.errors.components(separatedBy: ", for example")[0]
    #expect(problem.components(separatedBy: "mqtt ").count == 2, "\(problem)")
  }
}
