// The process and its terminal: words, streams, environment, files. System calls only.

import Commands
import Glibc
import MQTTCodec
import Synchronization
import Text
import Transport

/// The words of the command line after the program's name, byte for byte.
enum CommandWords {
  static var all: [[UInt8]] {
    (1..<max(1, Int(CommandLine.argc))).compactMap { index in
      CommandLine.unsafeArgv[index].map { word in
        Array(UnsafeBufferPointer(start: word, count: strlen(word)).map(UInt8.init(bitPattern:)))
      }
    }
  }
}

/// What the commands need from the terminal.
enum Terminal {
  /// Sees to it that no file which is opened later becomes a standard stream that was closed.
  ///
  /// Such a stream still fails: what takes its place cannot be used in its direction.
  static func occupyStandardStreams() {
    for descriptor in [STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO]
    where fcntl(descriptor, F_GETFD) < 0 {
      _ = open("/dev/null", descriptor == STDIN_FILENO ? O_WRONLY : O_RDONLY)
    }
  }

  /// Writes all of `text`; false when the stream does not take it.
  @discardableResult static func write(_ text: String, to descriptor: Int32) -> Bool {
    write(bytes: Array(text.utf8), to: descriptor)
  }

  /// Writes all of `bytes`; false when the stream does not take them.
  ///
  /// What the standard output does not take is remembered for ``status(_:)``.
  static func write(bytes: [UInt8], to descriptor: Int32) -> Bool {
    var bytes = bytes[...]
    while !bytes.isEmpty {
      let written = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
      if written < 0 {
        let code = errno
        if code == EINTR { continue }
        if descriptor == STDOUT_FILENO { outputFault.withLock { $0 = $0 ?? code } }
        return false
      }
      bytes = bytes.dropFirst(written)
    }
    return true
  }

  /// Why the standard output did not take a result; nil when it took all.
  private static let outputFault = Mutex<Int32?>(nil)

  /// What the program ends with: `status`, unless results were lost on their way out.
  static func status(_ status: Int32) -> Int32 {
    guard let code = outputFault.withLock({ $0 }) else { return status }
    // A reader that has had enough is no news; a full disk is.
    if code != EPIPE {
      let reason = String(cString: strerror(code))
      write("mqtt: write standard output: \(reason)\n", to: STDERR_FILENO)
    }
    return ExitStatus.failure
  }

  /// Help as wide as the terminal behind `descriptor`, in colour where it is one that wants it.
  static func help(to descriptor: Int32) -> Help {
    guard isatty(descriptor) == 1 else { return Help() }
    return Help(width: width(descriptor), isColoured: isColoured(descriptor))
  }

  /// Columns of the terminal behind `descriptor`; 80 where it does not say.
  static func width(_ descriptor: Int32) -> Int {
    var size = winsize()
    let isKnown = ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0
    return isKnown ? Int(size.ws_col) : 80
  }

  /// Whether colour may be written: a terminal, and no NO_COLOR (https://no-color.org).
  static func isColoured(_ descriptor: Int32) -> Bool {
    isatty(descriptor) == 1 && (environment("NO_COLOR") ?? "").isEmpty
      && environment("TERM") != "dumb"
  }

  /// The value of an environment variable.
  static func environment(_ name: String) -> String? {
    getenv(name).map { String(cString: $0) }
  }
}

/// Files read whole.
enum WholeFile {
  /// More than this is never wanted: the longest payload of MQTT is a little shorter.
  static let byteLimit = VariableByteInteger.maximum

  /// The bytes of the file at `path`; nil with errno set when it cannot be read.
  static func contents(_ path: String) -> [UInt8]? {
    do throws(SystemError) {
      return try SystemFile.bytes(path, atMost: byteLimit)
    } catch {
      errno = error.code
      return nil
    }
  }

  /// Cuts off what stands behind the last line end of a file: a line that a crash has torn.
  ///
  /// What is no plain file is left as it is. False with errno set when it cannot be done.
  static func dropsTornLine(of descriptor: Int32) -> Bool {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { return false }
    if status.st_mode & S_IFMT != S_IFREG { return true }
    var end = status.st_size
    while end > 0 {
      let start = max(0, end - 65_536)
      var chunk = [UInt8](repeating: 0, count: end - start)
      guard pread(descriptor, &chunk, chunk.count, start) == chunk.count else { return false }
      if let last = chunk.lastIndex(of: UInt8(ascii: "\n")) {
        end = start + last + 1
        break
      }
      end = start
    }
    return end == status.st_size || ftruncate(descriptor, end) == 0
  }

  /// The names in the directory at `path`; nil when it cannot be read.
  static func names(in path: String) -> [String]? {
    guard let directory = opendir(path) else { return nil }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
        pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name != ".", name != ".." { names.append(name) }
    }
    return names
  }

  /// Everything that `descriptor` still holds; nil with errno set when reading fails.
  static func contents(of descriptor: Int32) -> [UInt8]? {
    var result: [UInt8] = []
    while true {
      var count = 0
      let chunk = [UInt8](unsafeUninitializedCapacity: 65_536) { room, filled in
        count = read(descriptor, room.baseAddress, room.count)
        filled = max(0, count)
      }
      if count < 0 {
        if errno == EINTR { continue }
        return nil
      }
      if count == 0 { return result }
      result += chunk
      if result.count > byteLimit {
        errno = EFBIG
        return nil
      }
    }
  }
}

extension ParsingContext {
  /// The environment and the files of this process.
  static var process: ParsingContext {
    ParsingContext(
      environment: Terminal.environment, fileContents: WholeFile.contents,
      fileNames: WholeFile.names)
  }
}
