// What lies between a link's socket and MQTT, and the one way in and out through it. A plain link
// has none of this, and reads and writes its socket.

import Basis
import Glibc
import WebSocket

/// The layers of one link.
///
/// Like the reactor's, its properties are unchecked: they are read for every message.
final class Layers {
  /// The session of a protected link.
  @exclusivity(unchecked) var tls: TLSSession?
  /// What is spoken above it.
  @exclusivity(unchecked) var speech: Speech

  init(tls: consuming TLSSession?, _ speech: Speech) {
    self.tls = tls
    self.speech = speech
  }

  var isProtected: Bool { tls != nil }
}

/// What a peer speaks through the layers below.
enum Speech {
  case mqtt
  case webSocket(WebSocketBox)
  /// MQTT or a WebSocket with these terms: its first byte will tell.
  case undecided(WebSocketTerms)
}

/// A WebSocket in a box, where it can change while it works.
final class WebSocketBox {
  @exclusivity(unchecked) var connection: WebSocketConnection
  private let isClient: Bool

  /// The server's end.
  init(server terms: WebSocketTerms) {
    connection = WebSocketConnection(server: terms)
    isClient = false
  }

  /// The client's end, whose request goes to `output`.
  init(client request: WebSocketRequest, output: inout ByteBuffer) {
    connection = WebSocketConnection(
      client: request, random: RandomBytes.bytes(16), output: &output)
    isClient = true
  }

  /// The next mask of a client's frames (RFC 6455, 5.3); a server's have none.
  var nextMask: UInt32 {
    if !isClient { return 0 }
    var generator = SystemRandomNumberGenerator()
    return UInt32.random(in: 1 ... .max, using: &generator)
  }
}

/// What a read came to.
enum Intake {
  /// So many bytes, and whether more may be there that the kernel does not tell of.
  case bytes(Int, isMore: Bool)
  case nothing
  /// The peer has ended sending.
  indirect case ended(LinkEnd)
  indirect case failed(LinkEnd)
}

/// What a write came to.
enum Delivery {
  /// So many bytes are on their way.
  case bytes(Int)
  case wouldBlock
  indirect case failed(LinkEnd)
}

extension Link {
  /// Reads what has come, through the layers if there are any, as far as `room` reaches.
  @inline(__always) func receive(_ layers: Layers?, into room: UnsafeMutableRawBufferPointer)
    -> Intake
  {
    if let layers, let intake = layers.receive(into: room) { return intake }
    guard let start = room.baseAddress else { return .nothing }
    switch receiveBytes(descriptor, start, room.count) {
    case .bytes(0): return .ended(.peerClosed)
    case .bytes(let count): return .bytes(count, isMore: count == room.count)
    case .wouldBlock: return .nothing
    case .failed(let code): return .failed(.failed(SystemError(code: code, call: "read")))
    }
  }

  /// Writes as much of `bytes` as the kernel takes, through the layers if there are any.
  @inline(__always) func transmit(_ layers: Layers?, _ bytes: UnsafeRawBufferPointer) -> Delivery {
    if let layers, let delivery = layers.transmit(bytes) { return delivery }
    switch sendBytes(descriptor, bytes) {
    case .bytes(let count): return .bytes(count)
    case .wouldBlock: return .wouldBlock
    case .failed: return .failed(.failed(SystemError(code: EPIPE, call: "write")))
    }
  }
}

extension Layers {
  /// What the session hands over of what has arrived; nil without one.
  ///
  /// A part of a record waits inside.
  fileprivate func receive(into room: UnsafeMutableRawBufferPointer) -> Intake? {
    guard let result = tls?.read(into: room) else { return nil }
    switch result {
    // The kernel tells of everything but of what the session holds already.
    case .bytes(let count): return .bytes(count, isMore: tls?.hasPending ?? false)
    case .wantsRead, .wantsWrite: return .nothing
    case .ended(let isClean):
      return .ended(isClean ? .peerClosed : .peerClosedWithoutFarewell)
    case .failed(let failure): return .failed(.tlsFailed(failure))
    }
  }

  /// The same for what is to be written.
  fileprivate func transmit(_ bytes: UnsafeRawBufferPointer) -> Delivery? {
    guard let result = tls?.write(bytes) else { return nil }
    switch result {
    case .bytes(let count): return .bytes(count)
    case .wantsRead, .wantsWrite: return .wouldBlock
    case .failed(let failure): return .failed(.tlsFailed(failure))
    }
  }
}
