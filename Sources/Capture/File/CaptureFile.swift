// A capture file as bytes in, frames out. The file is fed in pieces of any size; nothing of it is
// kept but the frame that is being read, so that a file of any length is read in the memory of its
// longest frame. The kind of file is told by its first bytes, never by its name.
//
// A file is hostile until it has been read: every length is checked against a limit before it is
// waited for, and what cannot be understood ends the reading with the byte where it stands.

import Basis

/// A reader of pcap, pcapng and Sniffer (.cap) files.
package struct CaptureFile: ~Copyable {
  /// Longest frame or block that is believed, in bytes; the same bound that libpcap has.
  package static let lengthLimit = 256 << 20

  /// Bytes that a file has to show before its kind is told.
  private static let signatureLength = 4

  private enum Kind {
    case unknown
    case pcap(PcapFile)
    case pcapng(PcapngFile)
    case sniffer(SnifferFile)
  }

  private var buffer = ByteBuffer()
  /// Offset in `buffer` of the first byte that was not read yet.
  private var cursor = 0
  /// Offset in the file of the first byte of `buffer`.
  private var base = 0
  private var kind = Kind.unknown
  private var frameCount = 0
  /// Key log lines that the file itself brings along, since they were last taken.
  private var secrets: [[UInt8]] = []

  /// A file of which nothing was read yet.
  package init() {}

  /// Bytes of the file that were read.
  package var offset: Int { base + cursor }

  /// What kind of file it is, once that is known.
  package var format: String? {
    switch kind {
    case .unknown: nil
    case .pcap(let file): file.name
    case .pcapng: "pcapng"
    case .sniffer: "Sniffer (.cap)"
    }
  }

  /// Adds the next bytes of the file.
  package mutating func append(_ bytes: Span<UInt8>) {
    makeRoom()
    buffer.append(bytes)
  }

  /// Lends at least `minimum` bytes of room for the next bytes of the file; `body` says how many it
  /// filled.
  @unsafe package mutating func withUnsafeRoom<Failure: Error>(
    minimum: Int, _ body: (UnsafeMutableRawBufferPointer) throws(Failure) -> Int
  ) throws(Failure) {
    makeRoom()
    try unsafe buffer.withUnsafeRoom(minimum: minimum, body)
  }

  private mutating func makeRoom() {
    if cursor == 0 { return }
    base += cursor
    buffer.consume(cursor)
    cursor = 0
  }

  /// The next frame; nil when more of the file is needed.
  ///
  /// - Throws: what is wrong with the file. Nothing more can be read after that.
  package mutating func next() throws(CaptureFault) -> Frame? {
    while true {
      var frame: Frame?
      guard
        let length = try Self.read(
          &kind, buffer, from: cursor, at: base + cursor, &frame, &secrets)
      else { return nil }
      let start = cursor
      cursor += length
      guard var found = frame else { continue }
      frameCount += 1
      found.number = frameCount
      found.range = found.range.lowerBound + start..<found.range.upperBound + start
      return found
    }
  }

  /// Reads what comes next and answers how many bytes it took, nil for "need more".
  private static func read(
    _ kind: inout Kind, _ buffer: borrowing ByteBuffer, from cursor: Int, at offset: Int,
    _ frame: inout Frame?, _ secrets: inout [[UInt8]]
  ) throws(CaptureFault) -> Int? {
    let bytes = buffer.span.extracting(cursor..<buffer.count)
    if case .unknown = kind {
      guard let found = try self.kind(of: bytes, at: offset) else { return nil }
      kind = found
    }
    switch kind {
    case .unknown: return nil
    case .pcap(var file):
      defer { kind = .pcap(file) }
      return try file.read(bytes, at: offset, &frame)
    case .sniffer(var file):
      defer { kind = .sniffer(file) }
      return try file.read(bytes, at: offset, &frame)
    case .pcapng(var file):
      kind = .unknown
      defer { kind = .pcapng(file) }
      return try file.read(bytes, at: offset, &frame, &secrets)
    }
  }

  /// The captured bytes of `frame`, until the next call that adds bytes.
  @_lifetime(borrow self)
  package func bytes(of frame: Frame) -> Span<UInt8> {
    buffer.span.extracting(frame.range)
  }

  /// What is wrong with a file that ends here; nil when it ends between two frames.
  package var faultOfEnd: CaptureFault? {
    let left = buffer.count - cursor
    if case .unknown = kind {
      return CaptureFault(
        at: offset,
        left == 0
          ? "the file is empty" : "the file ends after \(left) bytes: no capture is so short")
    }
    if left == 0 { return nil }
    if case .sniffer(let file) = kind, file.isAtEnd { return nil }
    return CaptureFault(
      at: offset, "the file ends within a frame: \(left) bytes of it are there; it was cut off")
  }

  /// Key log lines (NSS form) that the file brought along since the last call.
  package mutating func takeSecrets() -> [[UInt8]] {
    defer { secrets = [] }
    return secrets
  }

  private static func kind(of bytes: Span<UInt8>, at offset: Int) throws(CaptureFault) -> Kind? {
    if bytes.count < signatureLength { return nil }
    if bytes.number(at: 0, .big, bytes: 4) == PcapngFile.sectionHeader {
      return .pcapng(PcapngFile())
    }
    if let file = PcapFile(signature: bytes) { return .pcap(file) }
    if SnifferFile.isSignature(bytes) { return .sniffer(SnifferFile()) }
    let first = (0..<signatureLength).map { bytes[$0].hexadecimal }.joined(separator: " ")
    throw CaptureFault(
      at: offset,
      "it begins with \(first), which is no pcap, pcapng or Sniffer capture, nor one of them in gzip"
    )
  }
}

/// The order of the bytes of a number.
enum ByteOrder {
  case little
  case big
}

extension Span where Element == UInt8 {
  /// The unsigned number of `count` bytes, 1...8, that starts at `offset`.
  func number(at offset: Int, _ order: ByteOrder, bytes count: Int) -> Int {
    var value = 0
    for index in 0..<count {
      let position = order == .big ? index : count - 1 - index
      value = value << 8 | Int(self[offset + position])
    }
    return value
  }
}
