// A capture file, or standard input, read in large pieces. What is compressed by gzip, which its
// first bytes tell, is decompressed on the way.

import Capture
import Glibc
import MQTTCodec
import Transport

/// Reads a capture piece by piece.
struct CaptureInput: ~Copyable {
  /// Bytes asked of the system at once.
  private static let pieceLength = 1 << 18
  private static let gzipMagic: [UInt8] = [0x1F, 0x8B]

  private let descriptor: Int32
  private let name: String
  private let closes: Bool
  private var decompression: Decompression?
  private var compressed: [UInt8] = []
  private var hasBegun = false
  /// Bytes of the file itself that were read.
  private(set) var byteCount = 0
  /// Bytes of the whole file; nil for what is no plain file.
  let totalByteCount: Int?

  init(_ path: String) throws(SystemError) {
    name = path == "-" ? "standard input" : path
    closes = path != "-"
    let descriptor = closes ? open(path, O_RDONLY | O_CLOEXEC) : STDIN_FILENO
    self.descriptor = descriptor
    var status = stat()
    let isKnown = descriptor >= 0 && fstat(descriptor, &status) == 0
    totalByteCount = isKnown && status.st_mode & S_IFMT == S_IFREG ? Int(status.st_size) : nil
    if descriptor < 0 { throw SystemError(code: errno, call: "open", subject: path) }
    if isKnown, status.st_mode & S_IFMT == S_IFDIR {
      throw SystemError(code: EISDIR, call: "read", subject: path)
    }
  }

  deinit {
    if closes { close(descriptor) }
  }

  /// Adds the next bytes to `file`; false at the end.
  mutating func read(into file: inout CaptureFile) throws(CaptureFault) -> Bool {
    if !hasBegun {
      hasBegun = true
      return try begin(&file)
    }
    if decompression != nil { return try readCompressed(into: &file) }
    var count = 0
    file.withUnsafeRoom(minimum: Self.pieceLength) { room -> Int in
      count = Self.fill(descriptor, room)
      return max(0, count)
    }
    return try check(count, file)
  }

  /// Tells by the first bytes whether the file is compressed.
  private mutating func begin(_ file: inout CaptureFile) throws(CaptureFault) -> Bool {
    compressed = [UInt8](repeating: 0, count: Self.pieceLength)
    var length = 0
    while length < Self.gzipMagic.count {
      let start = length
      let count = compressed.withUnsafeMutableBytes { room in
        Self.fill(descriptor, UnsafeMutableRawBufferPointer(rebasing: room[start...]))
      }
      if try !check(count, file) { break }
      length += count
    }
    if compressed.starts(with: Self.gzipMagic) {
      decompression = Decompression(.gzip)
      return try decompress(length, into: &file)
    }
    file.append(compressed.span.extracting(0..<length))
    compressed = []
    return length > 0
  }

  private mutating func readCompressed(
    into file: inout CaptureFile
  ) throws(CaptureFault) -> Bool {
    let count = compressed.withUnsafeMutableBytes { Self.fill(descriptor, $0) }
    if try check(count, file) { return try decompress(count, into: &file) }
    if decompression?.isBetweenMembers == false {
      throw CaptureFault(at: byteCount, "the compressed file ends before its end; it was cut off")
    }
    return false
  }

  private func decompress(
    _ count: Int, into file: inout CaptureFile
  ) throws(CaptureFault) -> Bool {
    let isRight = compressed.withUnsafeBytes { bytes in
      decompression?.inflate(UnsafeRawBufferPointer(rebasing: bytes[..<count])) {
        file.append($0)
      }
    }
    if isRight == false {
      throw CaptureFault(at: byteCount, "the compressed bytes before here are damaged")
    }
    return true
  }

  private static func fill(_ descriptor: Int32, _ room: UnsafeMutableRawBufferPointer) -> Int {
    while true {
      let count = Glibc.read(descriptor, room.baseAddress, room.count)
      if count >= 0 || errno != EINTR { return count }
    }
  }

  private mutating func check(
    _ count: Int, _ file: borrowing CaptureFile
  ) throws(CaptureFault) -> Bool {
    if count < 0 {
      let error = SystemError(code: errno, call: "read", subject: name)
      throw CaptureFault(at: file.offset, "\(error)")
    }
    byteCount += count
    return count > 0
  }
}
