// The built `mqtt`, or another program, as a process: words and input in; status, output and what
// it said out.

import Foundation
import Synchronization

/// A pipe that no other program inherits: one that a test starts in the same moment would keep it
/// open, and a reader that is gone would not be gone.
private struct ProgramPipe {
  let fileHandleForReading: FileHandle
  let fileHandleForWriting: FileHandle

  init() throws {
    var ends: [Int32] = [-1, -1]
    guard pipe(&ends) == 0 else { throw ScriptFault("pipe: errno \(errno)") }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    fileHandleForReading = FileHandle(fileDescriptor: ends[0], closeOnDealloc: true)
    fileHandleForWriting = FileHandle(fileDescriptor: ends[1], closeOnDealloc: true)
  }
}

/// A program under way.
final class CommandProcess {
  struct Result: Sendable {
    var status: Int32
    var output: String
    var said: String
  }

  /// The `mqtt` that was built together with the tests.
  static let mqttPath: String = {
    #if DEBUG
      let configuration = "debug"
    #else
      let configuration = "release"
    #endif
    let root = URL(fileURLWithPath: #filePath)
      .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    return root.appendingPathComponent(".build/\(configuration)/mqtt").path
  }()

  let process = Process()
  private let outputPipe: ProgramPipe
  private let errorPipe: ProgramPipe
  private let inputPipe: ProgramPipe

  /// Starts `mqtt` with `words`; standard input stays open until ``finishInput()``.
  init(_ words: [String], program: String = CommandProcess.mqttPath) throws {
    process.executableURL = URL(fileURLWithPath: program)
    process.arguments = words
    // No options of the account that runs the tests.
    process.environment = ["HOME": "/nonexistent", "PATH": "/usr/bin:/bin:/usr/sbin", "TZ": "UTC"]
    outputPipe = try ProgramPipe()
    errorPipe = try ProgramPipe()
    inputPipe = try ProgramPipe()
    process.standardOutput = outputPipe.fileHandleForWriting
    process.standardError = errorPipe.fileHandleForWriting
    process.standardInput = inputPipe.fileHandleForReading
    try process.run()
    try outputPipe.fileHandleForWriting.close()
    try errorPipe.fileHandleForWriting.close()
    try inputPipe.fileHandleForReading.close()
  }

  /// Writes to its standard input.
  func write(_ text: String) { inputPipe.fileHandleForWriting.write(Data(text.utf8)) }

  /// Ends its standard input.
  func finishInput() { try? inputPipe.fileHandleForWriting.close() }

  /// Nobody reads its standard output from here on.
  func closeOutput() { try? outputPipe.fileHandleForReading.close() }

  /// Reads its standard output to the end.
  func readOutput() -> String {
    String(decoding: outputPipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
  }

  /// Waits for the end; kills a process that never ends.
  func wait(readsOutput: Bool = true) -> Result {
    let watchdog = DispatchWorkItem { [process] in kill(process.processIdentifier, SIGKILL) }
    DispatchQueue.global().asyncAfter(deadline: .now() + 20, execute: watchdog)
    let errors = errorPipe
    let said = Mutex("")
    let group = DispatchGroup()
    DispatchQueue.global().async(group: group) {
      let text = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
      said.withLock { $0 = text }
    }
    let output = readsOutput ? readOutput() : ""
    process.waitUntilExit()
    group.wait()
    watchdog.cancel()
    return Result(
      status: process.terminationStatus, output: output, said: said.withLock { $0 })
  }

  /// Runs a command to its end.
  static func run(_ words: [String], input: String? = nil, program: String = mqttPath) throws
    -> Result
  {
    let command = try CommandProcess(words, program: program)
    if let input {
      DispatchQueue.global().async {
        command.write(input)
        command.finishInput()
      }
    } else {
      command.finishInput()
    }
    return command.wait()
  }
}

extension CommandProcess: @unchecked Sendable {}
