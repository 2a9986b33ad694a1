// A program that a test has started: its input, what it printed, how it ended. Output goes to
// files, so that a program which says much never waits for a test which does not listen, unless a
// test wants just that and gives it a pipe.
//
// It gets no descriptor but these three: a program that inherited a socket of another test would
// keep that connection open.

package import Foundation
import SpawnActions

/// Why a program could not be started or did not do what was awaited.
package struct ProgramError: Error, CustomStringConvertible {
  package var description: String

  /// Takes the whole text.
  package init(_ description: String) { self.description = description }
}

/// A started program; it is killed when the last reference goes.
package final class RunningProgram {
  private let name: String
  private let folder = TestFolder()
  private var input: Int32
  private var waitStatus: Int32?
  /// The process.
  package let identifier: pid_t

  /// Starts `arguments[0]`, looked up in the path.
  ///
  /// - Parameters:
  ///   - environment: added to that of the tests, or all of it.
  ///   - inheritsEnvironment: false for a program that shall not see the account of the tests.
  ///   - workingFolder: where it starts instead of where the tests did.
  ///   - outputPipe: where standard output goes instead of a file.
  package init(
    _ arguments: [String], environment: [String: String] = [:], inheritsEnvironment: Bool = true,
    workingFolder: String? = nil, outputPipe: OutputPipe? = nil
  ) throws {
    name = arguments.joined(separator: " ")
    let ends = try makePipe()
    input = ends.writing
    // A program that does not read must not hold the test for ever.
    _ = fcntl(input, F_SETFL, O_NONBLOCK)
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer {
      posix_spawn_file_actions_destroy(&actions)
      close(ends.reading)
      outputPipe?.closeWriting()
    }
    posix_spawn_file_actions_adddup2(&actions, ends.reading, 0)
    let flags = O_WRONLY | O_CREAT | O_APPEND
    if let outputPipe {
      posix_spawn_file_actions_adddup2(&actions, outputPipe.writingEnd, 1)
    } else {
      posix_spawn_file_actions_addopen(&actions, 1, folder.path("1"), flags, 0o600)
    }
    posix_spawn_file_actions_addopen(&actions, 2, folder.path("2"), flags, 0o600)
    _ = spawn_actions_close_from(&actions, 3)
    if let workingFolder { _ = spawn_actions_change_folder(&actions, workingFolder) }
    // A broken pipe must not end the tests, but has to mean to the program what it always means.
    Foundation.signal(SIGPIPE, SIG_IGN)
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var defaults = sigset_t()
    sigemptyset(&defaults)
    sigaddset(&defaults, SIGPIPE)
    posix_spawnattr_setsigdefault(&attributes, &defaults)
    // The threads that run tests block signals, which a program would inherit.
    var none = sigset_t()
    sigemptyset(&none)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK))
    var child: pid_t = 0
    let inherited = inheritsEnvironment ? ProcessInfo.processInfo.environment : [:]
    let variables = inherited.merging(environment) { $1 }
    let result = withCStrings(arguments) { arguments in
      withCStrings(variables.map { "\($0)=\($1)" }) { variables in
        posix_spawnp(
          &child, arguments[0].unsafelyUnwrapped, &actions, &attributes, arguments, variables)
      }
    }
    identifier = child
    guard result == 0, child > 0 else {
      // Nothing was started, so that there is nothing to kill; process 0 would be all of us.
      waitStatus = 0
      throw ProgramError(
        "\(name): \(String(cString: strerror(result))); .ci/setup --tests installs what tests run")
    }
  }

  deinit {
    closeInput()
    if waitStatus == nil {
      kill(identifier, SIGKILL)
      var status: Int32 = 0
      waitpid(identifier, &status, 0)
    }
  }

  /// What it has written to standard output so far, unless that goes into a pipe.
  package var output: String { folder.text("1") }

  /// What it has written to standard error so far.
  package var errors: String { folder.text("2") }

  /// Its output, byte for byte.
  package var outputBytes: [UInt8] { folder.bytes("1") }

  /// How many bytes that are.
  package var outputSize: Int {
    var status = stat()
    return stat(folder.path("1"), &status) == 0 ? Int(status.st_size) : 0
  }

  /// Gives it something to read.
  package func write(_ text: String) { write(bytes: Array(text.utf8)) }

  /// Gives it something to read, byte for byte, until it takes nothing for 20 seconds.
  package func write(bytes: [UInt8]) {
    var bytes = bytes[...]
    while !bytes.isEmpty {
      var wish = pollfd(fd: input, events: Int16(POLLOUT), revents: 0)
      guard Foundation.poll(&wish, 1, 20_000) > 0 else { return }
      let count = bytes.withUnsafeBytes { Foundation.write(input, $0.baseAddress, $0.count) }
      if count < 0 && (errno == EAGAIN || errno == EINTR) { continue }
      if count <= 0 { return }
      bytes = bytes.dropFirst(count)
    }
  }

  /// Ends its input.
  package func closeInput() {
    if input >= 0 { close(input) }
    input = -1
  }

  /// Sends it a signal.
  package func signal(_ number: Int32) {
    if waitStatus == nil { kill(identifier, number) }
  }

  /// Stops it by SIGSTOP and waits until each of its threads stands still: until then those go on.
  package func standStill() throws {
    signal(SIGSTOP)
    let folder = "/proc/\(identifier)/task"
    let isStill = poll(20) {
      let threads = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
      return !threads.isEmpty
        && threads.allSatisfy { thread in
          // The state stands behind the name, which is in brackets.
          let stat = try? String(contentsOfFile: "\(folder)/\(thread)/stat", encoding: .utf8)
          return stat?.split(separator: ")").last?.hasPrefix(" T") == true
        }
    }
    if !isStill { throw ProgramError("it does not stand still") }
  }

  /// Whether it has not ended yet.
  package var isRunning: Bool {
    if waitStatus != nil { return false }
    var status: Int32 = 0
    if waitpid(identifier, &status, WNOHANG) == 0 { return true }
    waitStatus = status
    return false
  }

  /// Bytes of memory that it holds.
  package var residentBytes: Int {
    let pages = (try? String(contentsOfFile: "/proc/\(identifier)/statm", encoding: .utf8))?
      .split(separator: " ").dropFirst().first
    return (pages.flatMap { Int($0) } ?? 0) * 4096
  }

  /// Waits for its end: the exit status, or 128 and the signal that ended it, as in a shell.
  ///
  /// - Throws: when it still runs after `seconds`.
  package func exitStatus(within seconds: Double = 20) throws -> Int32 {
    guard poll(seconds, { !isRunning }) else {
      throw ProgramError("\(name) still runs after \(seconds) s; it said: \(output)\(errors)")
    }
    let status = waitStatus ?? 0
    return status & 0x7F == 0 ? (status >> 8) & 0xFF : 128 + (status & 0x7F)
  }

  /// The signal that ended it; nil when it ended by itself, or still runs.
  package var endingSignal: Int32? {
    guard !isRunning, let waitStatus, waitStatus & 0x7F != 0 else { return nil }
    return waitStatus & 0x7F
  }

  /// Waits until it, or a program that it starts, takes connections on a port of loopback.
  package func waitForPort(_ port: UInt16, within seconds: Double = 20) throws {
    let isServing = { (try? TCPConnection(port: port)) != nil }
    guard poll(seconds, { isServing() || !isRunning }), isRunning else {
      throw ProgramError("\(name) does not serve port \(port) but says: \(output)\(errors)")
    }
  }

  /// Waits until `text` stands in its output or its errors.
  package func waitFor(_ text: String, within seconds: Double = 20) throws {
    let isThere = { self.output.contains(text) || self.errors.contains(text) }
    guard poll(seconds, { isThere() || !isRunning }), isThere() else {
      throw ProgramError("\(name) has not said \"\(text)\" but: \(output)\(errors)")
    }
  }
}

/// A pipe for the output of one program, for tests of a reader that is slow or goes away.
package final class OutputPipe {
  private var readingEnd: Int32
  fileprivate private(set) var writingEnd: Int32

  /// Makes it; the program that it is given to has the only writing end.
  package init() throws { (readingEnd, writingEnd) = try makePipe() }

  deinit {
    closeWriting()
    closeReading()
  }

  /// Nobody reads the output from here on.
  package func closeReading() {
    if readingEnd >= 0 { close(readingEnd) }
    readingEnd = -1
  }

  fileprivate func closeWriting() {
    if writingEnd >= 0 { close(writingEnd) }
    writingEnd = -1
  }

  /// Reads until the program has closed its output.
  ///
  /// - Throws: when nothing comes for 20 seconds.
  package func readToEnd() throws -> String {
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65536)
    while true {
      var wish = pollfd(fd: readingEnd, events: Int16(POLLIN), revents: 0)
      guard Foundation.poll(&wish, 1, 20_000) > 0 else {
        throw ProgramError("no end of the output behind \(bytes.count) bytes")
      }
      let count = read(readingEnd, &buffer, buffer.count)
      if count <= 0 { return String(decoding: bytes, as: UTF8.self) }
      bytes += buffer[..<count]
    }
  }
}

private func makePipe() throws -> (reading: Int32, writing: Int32) {
  var ends: [Int32] = [-1, -1]
  guard pipe(&ends) == 0 else { throw ProgramError("pipe: errno \(errno)") }
  for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
  return (ends[0], ends[1])
}

/// Runs a program to its end; see ``RunningProgram`` for what the arguments mean.
package func run(
  _ arguments: [String], input: String = "", environment: [String: String] = [:],
  workingFolder: String? = nil, within seconds: Double = 30
) throws -> (status: Int32, output: String, errors: String) {
  let program = try RunningProgram(
    arguments, environment: environment, workingFolder: workingFolder)
  program.write(input)
  program.closeInput()
  let status = try program.exitStatus(within: seconds)
  return (status, program.output, program.errors)
}

/// Asks again every few milliseconds until `condition` holds; false when it never did.
package func poll(_ seconds: Double, _ condition: () -> Bool) -> Bool {
  let end = ContinuousClock.now.advanced(by: .milliseconds(Int(seconds * 1000)))
  repeat {
    if condition() { return true }
    usleep(4000)
  } while ContinuousClock.now < end
  return condition()
}

private func withCStrings<Result>(
  _ strings: [String], _ body: ([UnsafeMutablePointer<CChar>?]) -> Result
) -> Result {
  let copies: [UnsafeMutablePointer<CChar>?] = strings.map { strdup($0) } + [nil]
  defer { for copy in copies { free(copy) } }
  return body(copies)
}
