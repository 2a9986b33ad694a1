// The built `mqtt`, or another client, as these tests run it: words and input in; status, output and
// what it said out.

import Foundation
import LiveSupport

/// A program under way, which sees no options of the account that runs the tests.
struct CommandProcess {
  struct Result: Sendable {
    /// Below zero when a signal ended it, whose number that is.
    var status: Int32
    var output: String
    var said: String
  }

  let program: RunningProgram

  /// Starts `mqtt` with `words`; standard input stays open.
  init(
    _ words: [String], program: String = mqttPath, outputPipe: OutputPipe? = nil
  ) throws {
    self.program = try RunningProgram(
      [program] + words,
      environment: ["HOME": "/nonexistent", "PATH": "/usr/bin:/bin:/usr/sbin", "TZ": "UTC"],
      inheritsEnvironment: false, outputPipe: outputPipe)
  }

  /// Waits for the end; throws when it never ends.
  func wait() throws -> Result {
    let status = try program.exitStatus(within: 60)
    return Result(
      status: program.endingSignal.map { -$0 } ?? status, output: program.output,
      said: program.errors)
  }

  /// Runs a command to its end.
  static func run(_ words: [String], input: String = "", program: String = mqttPath) throws
    -> Result
  {
    let command = try CommandProcess(words, program: program)
    command.program.write(input)
    command.program.closeInput()
    return try command.wait()
  }
}
