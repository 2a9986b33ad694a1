// A broker that does exactly what a test says: it listens on a free port of the loopback address
// and runs a script, packet by packet, on each connection that comes.

import Basis
import Foundation
import MQTTCodec
import Synchronization
import Transport

/// Something in a script that did not go as it says.
struct ScriptFault: Error, CustomStringConvertible {
  var description: String
  init(_ description: String) { self.description = description }
}

/// A broker by script, on a thread of its own.
final class ScriptedBroker: Sendable {
  let port: UInt16
  private let listener: Int32
  private let faults = Mutex<[String]>([])
  private let finished = DispatchSemaphore(value: 0)

  /// Runs `script` on so many connections, counted from 0, one after the other, then ends.
  init(
    connections: Int = 1, _ script: @escaping @Sendable (ScriptedPeer, Int) throws -> Void
  ) throws {
    let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | O_CLOEXEC, 0)
    self.listener = listener
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isListening = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
        bind(listener, generic, size) == 0 && listen(listener, 16) == 0
          && getsockname(listener, generic, &size) == 0
      }
    }
    if !isListening { throw ScriptFault("no port to listen on") }
    port = UInt16(bigEndian: address.sin_port)
    var limit = timeval(tv_sec: 15, tv_usec: 0)
    setsockopt(
      listener, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    let thread = Thread { [self] in
      for number in 0..<connections {
        let descriptor = accept(listener, nil, nil)
        if descriptor < 0 {
          note("connection \(number) never came")
          break
        }
        let peer = ScriptedPeer(descriptor)
        do {
          try script(peer, number)
        } catch {
          note("connection \(number): \(error)")
        }
        peer.close()
      }
      close(listener)
      finished.signal()
    }
    thread.start()
  }

  /// Waits for the last script to end; what went wrong in any of them.
  func wait() -> [String] {
    if finished.wait(timeout: .now() + 20) == .timedOut { note("the script did not end") }
    return faults.withLock { $0 }
  }

  private func note(_ fault: String) { faults.withLock { $0.append(fault) } }
}

/// The broker's end of one connection.
final class ScriptedPeer {
  private let descriptor: Int32
  private var buffer: [UInt8] = []
  private var isClosed = false
  /// Set by the CONNECT that is read.
  var version = ProtocolVersion.v5

  init(_ descriptor: Int32) {
    self.descriptor = descriptor
    var limit = timeval(tv_sec: 15, tv_usec: 0)
    setsockopt(
      descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
  }

  func close() {
    if !isClosed { Glibc.close(descriptor) }
    isClosed = true
  }

  /// The next packet; nil when the client has closed.
  func read() throws -> Packet? {
    while true {
      if let packet = try decodeFirst() { return packet }
      let bytes = try receive()
      if bytes.isEmpty {
        if buffer.isEmpty { return nil }
        throw ScriptFault("closed within a packet")
      }
      buffer += bytes
    }
  }

  /// What one read brings; empty at the end.
  func receive() throws -> [UInt8] {
    var chunk = [UInt8](repeating: 0, count: 65_536)
    let count = recv(descriptor, &chunk, chunk.count, 0)
    if count < 0 && errno == ECONNRESET { return [] }
    if count < 0 { throw ScriptFault("nothing came: \(String(cString: strerror(errno)))") }
    return Array(chunk[..<count])
  }

  /// Whether nothing comes for so many milliseconds.
  func isSilent(milliseconds: Int32) -> Bool {
    if !buffer.isEmpty { return false }
    var poll = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    return Glibc.poll(&poll, 1, milliseconds) == 0
  }

  private func decodeFirst() throws -> Packet? {
    let held = buffer
    let bytes = held.span
    guard let header = try FixedHeader.read(bytes, at: 0, packetSizeLimit: .max),
      bytes.count >= header.packetLength
    else { return nil }
    let packet = try Packet.decode(
      bytes.extracting(0..<header.packetLength), header, version: version, direction: .toServer)
    if case .connect(let connect) = packet { version = connect.version }
    buffer.removeFirst(header.packetLength)
    return packet
  }

  func send(_ packets: Packet...) throws {
    var bytes = ByteBuffer()
    for packet in packets { packet.encode(into: &bytes, version: version) }
    try send(bytes: bytes.bytes)
  }

  func send(bytes: [UInt8]) throws {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes {
        Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
      }
      if count < 0 { throw ScriptFault("sending failed: \(String(cString: strerror(errno)))") }
      rest = rest.dropFirst(count)
    }
  }

  /// Sends a message.
  func publish(
    _ topic: String, _ payload: String, _ qos: QoS = .atMostOnce, id: UInt16 = 0,
    isRetained: Bool = false, isDuplicate: Bool = false
  ) throws {
    try send(
      .publish(
        Publish(
          topic: topic, payload: Array(payload.utf8), qos: qos, isRetained: isRetained,
          isDuplicate: isDuplicate, packetIdentifier: PacketIdentifier(rawValue: id))))
  }

  /// Reads CONNECT and answers it.
  @discardableResult func accept(_ connack: Connack = Connack()) throws -> Connect {
    guard case .connect(let connect)? = try read() else { throw ScriptFault("no CONNECT") }
    try send(.connack(connack))
    return connect
  }

  /// Reads a PUBLISH.
  func readPublish() throws -> Publish {
    let packet = try read()
    guard case .publish(let publish)? = packet else {
      throw ScriptFault("not PUBLISH but \(packet.map { "\($0)" } ?? "the end")")
    }
    return publish
  }

  /// Reads SUBSCRIBE and grants everything, or answers `codes`.
  @discardableResult func grant(_ codes: [ReasonCode]? = nil) throws -> Subscribe {
    let packet = try read()
    guard case .subscribe(let subscribe)? = packet else {
      throw ScriptFault("not SUBSCRIBE but \(packet.map { "\($0)" } ?? "the end")")
    }
    let granted = subscribe.subscriptions.map { ReasonCode(rawValue: $0.options.qos.rawValue) }
    try send(
      .suback(
        Suback(packetIdentifier: subscribe.packetIdentifier, reasonCodes: codes ?? granted)))
    return subscribe
  }

  /// Reads exactly this packet.
  func expect(_ wanted: Packet) throws {
    let packet = try read()
    if packet != wanted {
      throw ScriptFault("not \(wanted) but \(packet.map { "\($0)" } ?? "the end")")
    }
  }

  /// Reads DISCONNECT of any kind, and the end behind it.
  func expectFarewell() throws {
    let packet = try read()
    guard case .disconnect? = packet else {
      throw ScriptFault("not DISCONNECT but \(packet.map { "\($0)" } ?? "the end")")
    }
    if let more = try read() { throw ScriptFault("\(more) after DISCONNECT") }
  }
}

func identifier(_ value: UInt16) throws -> PacketIdentifier {
  guard let identifier = PacketIdentifier(rawValue: value) else { throw ScriptFault("zero") }
  return identifier
}

func acknowledgement(_ value: UInt16, _ reasonCode: ReasonCode = .success) throws
  -> Acknowledgement
{
  Acknowledgement(packetIdentifier: try identifier(value), reasonCode: reasonCode)
}
