// Whatever a client waits for, one signal ends it within a second: it says what is not done and ends by
// that signal; what would go on for ever says good-bye.

import Foundation
import LiveSupport
import MQTTCodec
import Testing

@Suite struct SignalTests {
  /// Seconds from a signal to the end, with some for a machine that is busy.
  private static let limitSeconds = 3.0

  /// Something that a client waits for.
  enum Wait: String, CaseIterable, Sendable {
    case name, connack, tls, webSocket, input, pipe, acknowledgement, reply, room
  }

  /// A server that takes a connection and answers what a script says, then nothing more.
  private func silentBroker(_ wait: Wait, until isGone: DispatchSemaphore) throws -> ScriptedBroker
  {
    try ScriptedBroker { peer, _ in
      switch wait {
      case .acknowledgement, .room: try peer.accept()
      case .reply:
        try peer.accept()
        try peer.grant()
      case .name, .connack, .tls, .webSocket, .input, .pipe: break
      }
      // Nothing is read until the client is gone.
      if wait == .room { isGone.wait() } else { while try !peer.receive().isEmpty {} }
    }
  }

  /// The command line that waits for it, and what it says when it is interrupted.
  private func command(_ wait: Wait, _ port: UInt16, _ folder: TestFolder) throws -> (
    [String], String
  ) {
    let pub = ["pub", "-p", "\(port)", "-t", "t"]
    switch wait {
    case .name:
      return (["pub", "-h", "broker.example", "-t", "t", "-m", "x"], "1 message not sent")
    case .connack: return (pub + ["-m", "x"], "1 message not sent")
    case .tls: return (pub + ["-m", "x", "-q", "1", "--tls", "--insecure"], "1 message not sent")
    case .webSocket:
      return (["pub", "-L", "ws://127.0.0.1:\(port)/", "-t", "t", "-m", "x"], "1 message not sent")
    case .input: return (pub + ["-s"], "the input was not read to its end")
    case .pipe:
      let path = folder.path("pipe")
      mkfifo(path, 0o600)
      return (pub + ["-f", path], "the input was not read to its end")
    case .acknowledgement: return (pub + ["-m", "x", "-q", "2"], "1 message not acknowledged")
    case .reply: return (pub + ["--wait-reply", "-m", "x"], "no reply has come")
    case .room:
      let path = try folder.write(bytes: [UInt8](repeating: 0, count: 20_000_000), to: "payload")
      return (pub + ["-f", path], "bytes of messages not sent")
    }
  }

  /// What shows that it waits: that it is connected, or stands still in a system call.
  private func awaitWaiting(_ program: RunningProgram, _ wait: Wait) throws {
    switch wait {
    case .acknowledgement: try program.waitFor("→ PUBLISH")
    case .reply: try program.waitFor("→ PUBLISH")
    case .room: try program.waitFor("→ DISCONNECT")
    case .name, .connack, .tls, .webSocket, .input, .pipe:
      // Signals are collected by a thread of that name before anything is waited for.
      let isWaiting = poll(20) { program.threadNames.contains("signals") && program.isAsleep }
      if !isWaiting { throw ProgramError("it does not wait") }
    }
  }

  @Test(arguments: Wait.allCases, [SIGINT, SIGTERM, SIGHUP])
  func `one signal ends pub, which says what is not done`(_ wait: Wait, _ signal: Int32) throws {
    let folder = TestFolder()
    let isGone = DispatchSemaphore(value: 0)
    defer { isGone.signal() }
    let broker = wait == .name ? nil : try silentBroker(wait, until: isGone)
    let (words, undone) = try command(wait, broker?.port ?? 1, folder)
    let program = try RunningProgram(
      [mqttPath] + words + ["-d"],
      environment: wait == .name ? try SilentNames.environment(folder) : [:])
    try awaitWaiting(program, wait)
    let begin = ContinuousClock.now
    program.signal(signal)
    _ = try program.exitStatus()
    #expect(begin.duration(to: .now) < .seconds(Self.limitSeconds))
    #expect(program.endingSignal == signal)
    #expect(program.errors.contains("mqtt pub: interrupted; "), "\(program.errors)")
    #expect(program.errors.contains("\(undone)\n"), "\(program.errors)")
  }

  @Test(arguments: [SIGINT, SIGTERM, SIGHUP])
  func `a signal ends sub that waits for a name`(_ signal: Int32) throws {
    let folder = TestFolder()
    let program = try RunningProgram(
      [mqttPath, "sub", "-h", "broker.example", "t", "-C", "1"],
      environment: try SilentNames.environment(folder))
    try awaitWaiting(program, .name)
    program.signal(signal)
    _ = try program.exitStatus()
    #expect(program.endingSignal == signal)
    #expect(program.errors == "mqtt sub: interrupted; 0 of 1 message came\n")
  }

  @Test func `-W ends a command that waits for a name, or for its input`() throws {
    let folder = TestFolder()
    let name = try run(
      [mqttPath, "pub", "-h", "broker.example", "t", "x", "-W", "0.3"],
      environment: try SilentNames.environment(folder))
    #expect(name.status == 27)
    #expect(name.errors == "mqtt pub: timed out; 1 message not sent\n")
    let input = try RunningProgram([mqttPath, "pub", "-p", "1", "-t", "t", "-s", "-W", "0.3"])
    #expect(try input.exitStatus() == 27)
    #expect(input.errors == "mqtt pub: timed out; the input was not read to its end\n")
  }

  @Test func `under nohup SIGHUP ends nothing`() throws {
    let broker = try LiveBroker(["--quiet"])
    let program = try RunningProgram([
      "/usr/bin/nohup", mqttPath, "sub", "-p", "\(broker.port)", "t", "-C", "1", "-d",
    ])
    try program.waitFor("SUBACK")
    program.signal(SIGHUP)
    _ = try run([mqttPath, "pub", "-p", "\(broker.port)", "t", "x", "-q", "1"])
    #expect(try program.exitStatus() == 0)
  }

  @Test func `whoever cannot write what it has to say ends by the signal all the same`() throws {
    let broker = try LiveBroker(["--quiet"])
    // Nobody reads the pipe, which the packets of -d fill.
    let pipe = try OutputPipe()
    let program = try RunningProgram(
      ["/bin/sh", "-c", "exec \(mqttPath) sub -p \(broker.port) -d t 2>&1"], outputPipe: pipe)
    try program.waitForThread("signals")
    let lines = (1...5000).map { "\($0)\n" }.joined()
    #expect(
      try run([mqttPath, "pub", "-p", "\(broker.port)", "-t", "t", "-l"], input: lines).status == 0)
    #expect(poll(20) { program.isAsleep && program.isWriting })
    program.signal(SIGTERM)
    _ = try program.exitStatus()
    #expect(program.endingSignal == SIGTERM)
  }
}

/// A resolver that never answers: one function of the C library, put before the program's own.
private enum SilentNames {
  static func environment(_ folder: TestFolder) throws -> [String: String] {
    let source = try folder.write(
      """
      #include <unistd.h>
      int getaddrinfo(const char *n, const char *s, const void *h, void **r) { for (;;) pause(); }
      """, to: "names.c")
    let library = folder.path("names.so")
    let compiler = try run(["/usr/bin/env", "cc", "-shared", "-fPIC", "-o", library, source])
    if compiler.status != 0 { throw ProgramError("cc: \(compiler.errors)") }
    return ["LD_PRELOAD": library]
  }
}

extension RunningProgram {
  private func file(_ name: String) -> String {
    (try? String(contentsOfFile: "/proc/\(identifier)/\(name)", encoding: .utf8)) ?? ""
  }

  /// The names of its threads.
  fileprivate var threadNames: [String] {
    let threads =
      (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(identifier)/task")) ?? []
    return threads.map { file("task/\($0)/comm").trimmingCharacters(in: .newlines) }
  }

  /// Whether its first thread waits in the kernel.
  fileprivate var isAsleep: Bool {
    file("stat").split(separator: ")").last?.hasPrefix(" S") == true
  }

  /// Whether it does so in a write.
  fileprivate var isWriting: Bool { file("syscall").hasPrefix("\(linuxWriteNumber) ") }

  fileprivate func waitForThread(_ name: String) throws {
    if !poll(20, { threadNames.contains(name) }) { throw ProgramError("no thread \(name)") }
  }
}

#if arch(x86_64)
  private let linuxWriteNumber = 1
#else
  private let linuxWriteNumber = 64
#endif
