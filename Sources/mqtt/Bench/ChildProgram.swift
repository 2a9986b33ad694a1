// A broker that is started for a measurement: a process of its own, so that what it costs can be
// told from what measuring costs, in a process group of its own, so that nothing of it is left
// behind.

import Bench
import Glibc
import Transport

final class ChildProgram {
  let process: pid_t
  private var hasEnded = false

  /// Starts `words`, the first of which is a path; its standard output goes nowhere, and neither do
  /// its errors unless `showsErrors`.
  init(_ words: [String], showsErrors: Bool) throws(StartFailure) {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0)
    if !showsErrors {
      posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0)
    }
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    // Signals that we collect shall end it as usual.
    var none = sigset_t()
    sigemptyset(&none)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setpgroup(&attributes, 0)
    posix_spawnattr_setflags(
      &attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP))
    var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) }
    arguments.append(nil)
    defer { for argument in arguments { free(argument) } }
    var process = pid_t()
    let code = posix_spawn(&process, words[0], &actions, &attributes, arguments, environ)
    if code != 0 {
      throw StartFailure(
        description: "cannot start \(words[0]): \(String(cString: strerror(code)))")
    }
    self.process = process
  }

  deinit { kill() }

  /// Whether it still runs.
  var isRunning: Bool {
    if hasEnded { return false }
    var status: Int32 = 0
    if waitpid(process, &status, WNOHANG) != 0 { hasEnded = true }
    return !hasEnded
  }

  /// Ends it and everything it started, with SIGKILL, and waits until it is gone.
  func kill() {
    if hasEnded { return }
    Glibc.kill(-process, SIGKILL)
    var status: Int32 = 0
    while waitpid(process, &status, 0) < 0 && errno == EINTR {}
    hasEnded = true
  }

  /// The path of this program.
  static var ownPath: String {
    var path = [CChar](repeating: 0, count: Int(PATH_MAX))
    let count = readlink("/proc/self/exe", &path, path.count - 1)
    return String(decoding: path.prefix(max(0, count)).map(UInt8.init), as: UTF8.self)
  }

  /// A port of loopback that nobody listens on at the moment.
  static func freePort() throws(StartFailure) -> UInt16 {
    do throws(SystemError) {
      let socket = try ListenSocket(ListenerSettings(address: .loopback4(port: 0)))
      return socket.address.port ?? 0
    } catch {
      throw StartFailure(description: "\(error)")
    }
  }
}
