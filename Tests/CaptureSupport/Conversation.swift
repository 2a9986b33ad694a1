// Conversations over TCP as a capture would have seen them: a test says what each side sends, and
// gets frames that it can lose, swap, cut or send twice before they go into a file.

/// One frame on its way into a capture file.
package struct TestFrame: Equatable, Sendable {
  package var timeNanoseconds: Int64
  package var bytes: [UInt8]
  /// Bytes on the wire; more than `bytes` when the capture cut the frame.
  package var originalLength: Int

  package init(timeNanoseconds: Int64, bytes: [UInt8]) {
    self.timeNanoseconds = timeNanoseconds
    self.bytes = bytes
    originalLength = bytes.count
  }

  /// The frame as a capture with this snap length has it.
  package func cut(to snapLength: Int) -> TestFrame {
    var frame = self
    frame.bytes = Array(bytes.prefix(snapLength))
    return frame
  }
}

/// What stands in front of the IP packet.
package enum TestLink: Sendable, CaseIterable {
  case ethernet
  case vlan
  case doubleVLAN
  case linuxCooked
  case linuxCooked2
  case loopback
  case bigEndianLoopback
  case rawIP
  case ppp
  case wireless
  case radiotap

  /// The number in the file.
  package var number: Int {
    switch self {
    case .ethernet, .vlan, .doubleVLAN: 1
    case .linuxCooked: 113
    case .linuxCooked2: 276
    case .loopback, .bigEndianLoopback: 0
    case .rawIP: 101
    case .ppp: 9
    case .wireless: 105
    case .radiotap: 127
    }
  }

  /// The header in front of an IP packet.
  func header(isVersion6: Bool) -> [UInt8] {
    let type: [UInt8] = isVersion6 ? [0x86, 0xDD] : [0x08, 0x00]
    let hosts: [UInt8] = [2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2]
    let family: UInt8 = isVersion6 ? 30 : 2
    let snap: [UInt8] = [0xAA, 0xAA, 0x03, 0, 0, 0] + type
    // A data frame with a QoS field, from a station to its access point.
    let station: [UInt8] = [0x88, 0x01, 0, 0] + hosts + [2, 0, 0, 0, 0, 3, 0, 0, 0, 0]
    return switch self {
    case .ethernet: hosts + type
    case .vlan: hosts + [0x81, 0x00, 0x00, 0x07] + type
    case .doubleVLAN: hosts + [0x88, 0xA8, 0x00, 0x01, 0x81, 0x00, 0x00, 0x07] + type
    case .linuxCooked: [0, 0, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0] + type
    case .linuxCooked2: type + [0, 0, 0, 0, 0, 1, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0]
    case .loopback: [family, 0, 0, 0]
    case .bigEndianLoopback: [0, 0, 0, family]
    case .rawIP: []
    case .ppp: [0xFF, 0x03, 0x00, isVersion6 ? 0x57 : 0x21]
    case .wireless: station + snap
    case .radiotap: [0, 0, 8, 0, 0, 0, 0, 0] + station + snap
    }
  }
}

/// A conversation between a client and a server.
package struct Conversation: Sendable {
  package var link: TestLink
  package var isVersion6 = false
  package var clientPort = 40_000
  package var serverPort = 1883
  /// Most bytes of a segment.
  package var segmentLength = 1460
  /// Bytes of extension headers of IPv6, the first of them of this type, in front of TCP.
  package var extensionHeaders: [UInt8] = []
  package var firstExtension: UInt8 = 6
  /// The next sequence number of each side.
  package var clientSequence: UInt32 = 1000
  package var serverSequence: UInt32 = 5000
  /// The host part of the client's address.
  package var clientHost: UInt8 = 1
  package var timeNanoseconds: Int64 = 1_700_000_000_000_000_000
  package private(set) var frames: [TestFrame] = []

  package init(_ link: TestLink = .ethernet) { self.link = link }

  /// The handshake of TCP.
  package mutating func open() {
    add(toServer: true, [], flags: 0x02)
    clientSequence &+= 1
    add(toServer: false, [], flags: 0x12)
    serverSequence &+= 1
    add(toServer: true, [], flags: 0x10)
  }

  /// Both sides end.
  package mutating func close() {
    add(toServer: true, [], flags: 0x11)
    clientSequence &+= 1
    add(toServer: false, [], flags: 0x11)
    serverSequence &+= 1
    add(toServer: true, [], flags: 0x10)
  }

  package mutating func toServer(_ bytes: [UInt8]) { send(true, bytes) }
  package mutating func toClient(_ bytes: [UInt8]) { send(false, bytes) }

  private mutating func send(_ isToServer: Bool, _ bytes: [UInt8]) {
    var rest = bytes[...]
    while !rest.isEmpty {
      let part = Array(rest.prefix(segmentLength))
      rest = rest.dropFirst(part.count)
      add(toServer: isToServer, part, flags: 0x18)
      if isToServer {
        clientSequence &+= UInt32(part.count)
      } else {
        serverSequence &+= UInt32(part.count)
      }
    }
  }

  private mutating func add(toServer isToServer: Bool, _ payload: [UInt8], flags: UInt8) {
    let packet = network(toServer: isToServer, segment(isToServer, payload, flags))
    timeNanoseconds += 1_000_000
    frames.append(
      TestFrame(
        timeNanoseconds: timeNanoseconds, bytes: link.header(isVersion6: isVersion6) + packet))
  }

  private func segment(_ isToServer: Bool, _ payload: [UInt8], _ flags: UInt8) -> [UInt8] {
    let ports = isToServer ? (clientPort, serverPort) : (serverPort, clientPort)
    let sequence = isToServer ? clientSequence : serverSequence
    let acknowledged = isToServer ? serverSequence : clientSequence
    return two(ports.0) + two(ports.1) + four(sequence)
      + four(flags & 0x10 == 0 ? 0 : acknowledged) + [0x50, flags, 0xFF, 0xFF, 0, 0, 0, 0] + payload
  }

  /// The IP packet around a segment.
  private func network(toServer isToServer: Bool, _ segment: [UInt8]) -> [UInt8] {
    let hosts: (UInt8, UInt8) = isToServer ? (clientHost, 200) : (200, clientHost)
    if isVersion6 {
      let net: [UInt8] = [0x20, 0x01, 0x0D, 0xB8] + [UInt8](repeating: 0, count: 11)
      let content = extensionHeaders + segment
      return [0x60, 0, 0, 0] + two(content.count) + [firstExtension, 64] + net + [hosts.0] + net
        + [hosts.1] + content
    }
    return header4(content: segment.count, fragment: 0x4000, hosts) + segment
  }

  private func header4(content: Int, fragment: Int, _ hosts: (UInt8, UInt8)) -> [UInt8] {
    [0x45, 0] + two(20 + content) + two(7) + two(fragment) + [
      64, 6, 0, 0, 10, 0, 0, hosts.0, 10, 0,
    ]
      + [0, hosts.1]
  }

  /// The bytes as fragments of one IPv4 packet from the client, each of `length` bytes of content.
  package mutating func toServer(_ bytes: [UInt8], fragmentsOf length: Int) {
    let content = segment(true, bytes, 0x18)
    clientSequence &+= UInt32(bytes.count)
    for start in stride(from: 0, to: content.count, by: length) {
      let part = Array(content[start..<min(start + length, content.count)])
      let more = start + part.count < content.count ? 0x2000 : 0
      timeNanoseconds += 1_000_000
      frames.append(
        TestFrame(
          timeNanoseconds: timeNanoseconds,
          bytes: link.header(isVersion6: false)
            + header4(content: part.count, fragment: more | start / 8, (clientHost, 200)) + part))
    }
  }
}

private func two(_ number: Int) -> [UInt8] { [UInt8(number >> 8 & 0xFF), UInt8(number & 0xFF)] }

private func four(_ number: UInt32) -> [UInt8] {
  two(Int(number >> 16)) + two(Int(number & 0xFFFF))
}
