// Frames as files, in every form that is read: pcap in both byte orders and time units and with the
// patch of Red Hat 6.1, pcapng, and Sniffer's .cap.

/// Forms of pcap.
package struct PcapForm: Sendable, CustomStringConvertible {
  package var isBigEndian = false
  package var isNanoseconds = false
  /// The longer header of each frame that Red Hat 6.1 wrote, under the plain magic number.
  package var isPatched = false

  package init(isBigEndian: Bool = false, isNanoseconds: Bool = false, isPatched: Bool = false) {
    self.isBigEndian = isBigEndian
    self.isNanoseconds = isNanoseconds
    self.isPatched = isPatched
  }

  package var description: String {
    (isBigEndian ? "big" : "little") + (isNanoseconds ? " nanoseconds" : " microseconds")
      + (isPatched ? " patched" : "")
  }
}

private func number(_ value: Int, _ count: Int, isBigEndian: Bool) -> [UInt8] {
  let bytes = (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
  return isBigEndian ? bytes.reversed() : bytes
}

/// The frames as a pcap file.
package func pcap(
  _ frames: [TestFrame], _ link: TestLink = .ethernet, _ form: PcapForm = PcapForm()
) -> [UInt8] {
  func four(_ value: Int) -> [UInt8] { number(value, 4, isBigEndian: form.isBigEndian) }
  func two(_ value: Int) -> [UInt8] { number(value, 2, isBigEndian: form.isBigEndian) }
  var file = four(form.isNanoseconds ? 0xA1B2_3C4D : 0xA1B2_C3D4) + two(2) + two(4)
  file += four(0) + four(0) + four(262_144) + four(link.number)
  for frame in frames {
    let (seconds, rest) = frame.timeNanoseconds.quotientAndRemainder(dividingBy: 1_000_000_000)
    file += four(Int(seconds)) + four(Int(form.isNanoseconds ? rest : rest / 1000))
    file += four(frame.bytes.count) + four(frame.originalLength)
    if form.isPatched { file += four(1) + two(8) + [0, 0] }
    file += frame.bytes
  }
  return file
}

/// The frames as a pcapng file, each on an interface of its own number; with key log lines when
/// there are any.
package func pcapng(
  _ frames: [(interface: Int, frame: TestFrame)], _ links: [TestLink], isBigEndian: Bool = false,
  keyLog: [UInt8] = []
) -> [UInt8] {
  func four(_ value: Int) -> [UInt8] { number(value, 4, isBigEndian: isBigEndian) }
  func two(_ value: Int) -> [UInt8] { number(value, 2, isBigEndian: isBigEndian) }
  func padded(_ bytes: [UInt8]) -> [UInt8] {
    bytes + [UInt8](repeating: 0, count: (4 - bytes.count % 4) % 4)
  }
  func block(_ type: Int, _ body: [UInt8]) -> [UInt8] {
    four(type) + four(12 + body.count) + body + four(12 + body.count)
  }
  let unknownLength = [UInt8](repeating: 0xFF, count: 8)
  var file = block(0x0A0D_0D0A, four(0x1A2B_3C4D) + two(1) + two(0) + unknownLength)
  for link in links {
    // The clock counts nanoseconds (if_tsresol 9).
    let options = two(9) + two(1) + [9, 0, 0, 0] + two(0) + two(0)
    file += block(1, two(link.number) + two(0) + four(0) + options)
  }
  if !keyLog.isEmpty {
    file += block(10, four(0x544C_534B) + four(keyLog.count) + padded(keyLog))
  }
  for (interface, frame) in frames {
    let time = Int(frame.timeNanoseconds)
    file += block(
      6,
      four(interface) + four(time >> 32) + four(time & 0xFFFF_FFFF) + four(frame.bytes.count)
        + four(frame.originalLength) + padded(frame.bytes))
  }
  return file
}

/// The frames as a .cap file of Sniffer for Windows.
package func sniffer(_ frames: [TestFrame]) -> [UInt8] {
  func little(_ value: Int, _ count: Int) -> [UInt8] { number(value, count, isBigEndian: false) }
  let start = frames.first.map { Int($0.timeNanoseconds / 1_000_000_000) } ?? 0
  var body: [UInt8] = []
  for frame in frames {
    let ticks = (Int(frame.timeNanoseconds) - start * 1_000_000_000) / 1000
    body += little(ticks, 8) + little(frame.originalLength, 2) + little(frame.bytes.count, 2)
    body += [UInt8](repeating: 0, count: 28) + frame.bytes
  }
  var file = Array("XCP\0002.002\0".utf8) + little(start, 4) + little(frames.count, 4)
  file += little(0, 4) + little(128, 4) + little(128 + body.count, 4)
  file += [UInt8](repeating: 0, count: 8) + little(0, 1)
  file += [UInt8](repeating: 0, count: 128 - file.count)
  // Ticks of a microsecond.
  return file + body
}
