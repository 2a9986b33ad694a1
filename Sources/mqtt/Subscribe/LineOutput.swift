// Standard output, or a file, as `mqtt sub` needs it: lines wait here until the reader takes them, so that a
// slow reader slows down the broker and never this program, whose keep alive must go on. What has
// been written is counted in bytes: a message is acknowledged when its last byte is out.
//
// A pipe that is writable takes at least PIPE_BUF bytes without blocking, so that is what is
// written to it at once; a file takes everything.

import Basis
import Glibc
import Transport

/// Bytes on their way to a descriptor.
struct LineOutput: ~Copyable {
  /// What became of an attempt to write.
  enum Progress {
    /// Nothing waits any more.
    case done
    /// The reader has to take something first.
    case blocked
    /// Nobody reads any more, or the disk is full.
    case failed(SystemError)
  }

  /// Bytes that a writable pipe takes without blocking: PIPE_BUF of Linux.
  private static let pipeChunk = 4_096

  private let descriptor: Int32
  /// The descriptor in words.
  private let name: String
  /// Bytes written at once.
  private let chunk: Int
  /// Whether a write may block, so that it must be asked for first.
  private let mayBlock: Bool
  /// Lines that wait.
  var buffer = ByteBuffer()
  /// Bytes ever written.
  private(set) var writtenCount: UInt64 = 0

  init(_ descriptor: Int32, name: String = "standard output") {
    self.name = name
    self.descriptor = descriptor
    var status = stat()
    let isFile = fstat(descriptor, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
    mayBlock = !isFile
    chunk = isFile ? 1 << 20 : Self.pipeChunk
  }

  /// Where the next byte appended stands in the whole output.
  var endOffset: UInt64 { writtenCount + UInt64(buffer.count) }

  /// Writes as much as the reader takes.
  mutating func write() -> Progress {
    while !buffer.isEmpty {
      if mayBlock {
        var ready = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        if poll(&ready, 1, 0) == 0 { return .blocked }
      }
      let count = buffer.withUnsafeBytes { bytes in
        Glibc.write(descriptor, bytes.baseAddress, min(bytes.count, chunk))
      }
      if count >= 0 {
        buffer.consume(count)
        writtenCount += UInt64(count)
      } else if errno == EAGAIN {
        return .blocked
      } else if errno != EINTR {
        return .failed(SystemError(code: errno, call: "write", subject: name))
      }
    }
    return .done
  }
}
