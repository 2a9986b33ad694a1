// From the bytes of TCP to those of MQTT: through TLS, through WebSocket, and to the decision what
// is spoken. Each layer hands on what it makes of its bytes; a gap is handed on as well.

import Basis
import MQTTCodec

extension Dissector {
  /// Bytes of TCP, in order.
  mutating func deliver<Receiver: PacketReceiver & ~Copyable>(
    _ bytes: Span<UInt8>, _ index: Int, _ direction: Direction, _ stamp: FrameStamp,
    _ receiver: inout Receiver
  ) {
    guard let tls = connections[index].tls else {
      return deliverContent(bytes, index, direction, stamp, &receiver)
    }
    var output: [TLSOutput] = []
    tls.receive(bytes, direction, &output)
    handOn(output, of: tls, index, stamp, &receiver)
  }

  /// Bytes of TCP are not in the capture.
  mutating func lack<Receiver: PacketReceiver & ~Copyable>(
    _ count: Int, _ index: Int, _ direction: Direction, _ stamp: FrameStamp,
    _ receiver: inout Receiver
  ) {
    if direction == .toServer {
      connections[index].facts.missingToServer += count
    } else {
      connections[index].facts.missingToClient += count
    }
    guard let tls = connections[index].tls else {
      return lackContent(count, isExact: true, index, direction, stamp, &receiver)
    }
    var output: [TLSOutput] = []
    tls.miss(count, direction, &output)
    handOn(output, of: tls, index, stamp, &receiver)
  }

  private mutating func handOn<Receiver: PacketReceiver & ~Copyable>(
    _ output: [TLSOutput], of tls: TLSConnection, _ index: Int, _ stamp: FrameStamp,
    _ receiver: inout Receiver
  ) {
    if output.isEmpty { return }
    connections[index].facts.tls = tls.facts
    for item in output {
      switch item {
      case .event(let event): receiver.receive(.tls(event), stamp, on: connections[index].facts)
      case .content(let direction, let bytes):
        deliverContent(bytes.span, index, direction, stamp, &receiver)
      case .missing(let direction, let count):
        lackContent(count, isExact: false, index, direction, stamp, &receiver)
      }
    }
  }

  // MARK: WebSocket

  /// Bytes of TCP or of TLS.
  private mutating func deliverContent<Receiver: PacketReceiver & ~Copyable>(
    _ bytes: Span<UInt8>, _ index: Int, _ direction: Direction, _ stamp: FrameStamp,
    _ receiver: inout Receiver
  ) {
    if connections[index].webSocket == nil {
      return spell(bytes, index, direction, stamp, &receiver)
    }
    var output = WebSocketOutput()
    connections[index].webSocket?.read(bytes, direction, services, &output)
    handOn(output, index, direction, stamp, &receiver)
  }

  private mutating func lackContent<Receiver: PacketReceiver & ~Copyable>(
    _ count: Int, isExact: Bool, _ index: Int, _ direction: Direction, _ stamp: FrameStamp,
    _ receiver: inout Receiver
  ) {
    if connections[index].webSocket == nil {
      return miss(count, isExact: isExact, index, direction, stamp, &receiver)
    }
    var output = WebSocketOutput()
    connections[index].webSocket?.miss(count, &output, direction)
    handOn(output, index, direction, stamp, &receiver)
  }

  private mutating func handOn<Receiver: PacketReceiver & ~Copyable>(
    _ output: borrowing WebSocketOutput, _ index: Int, _ direction: Direction, _ stamp: FrameStamp,
    _ receiver: inout Receiver
  ) {
    if let webSocket = connections[index].webSocket, !output.events.isEmpty {
      connections[index].facts.webSocket = webSocket.facts
    }
    if let missing = output.missing {
      miss(missing.count, isExact: missing.isExact, index, direction, stamp, &receiver)
    }
    if !output.payload.isEmpty {
      spell(output.payload.span, index, direction, stamp, &receiver)
    }
    let isTold =
      connections[index].facts.isMQTT || connections[index].webSocket?.offersMQTT == true
    if !isTold { return }
    for event in output.events {
      receiver.receive(.webSocket(event), stamp, on: connections[index].facts)
    }
  }

  // MARK: What is spoken

  /// Bytes of what is spoken on the connection.
  private mutating func spell<Receiver: PacketReceiver & ~Copyable>(
    _ bytes: Span<UInt8>, _ index: Int, _ direction: Direction, _ stamp: FrameStamp,
    _ receiver: inout Receiver
  ) {
    switch connections[index].content {
    case .mqtt: read(bytes, index, direction, stamp, &receiver)
    case .other: return
    case .undecided:
      connections[index].opening.append(
        OpeningPiece(direction: direction, bytes: bytes.array, stamp: stamp))
      connections[index].openingBytes += bytes.count
      decide(index, &receiver)
    }
  }

  private mutating func decide<Receiver: PacketReceiver & ~Copyable>(
    _ index: Int, _ receiver: inout Receiver
  ) {
    let (decision, isReversed) = Recognition.decide(connections[index])
    if decision == .undecided { return }
    if isReversed { connections[index].reverse() }
    let pieces = connections[index].opening
    connections[index].opening = []
    connections[index].openingBytes = 0
    if decision != .other { connections[index].isDirectionKnown = true }
    switch decision {
    case .undecided: return
    case .other: connections[index].content = .other
    case .tls:
      connections[index].tls = TLSConnection(services: services, keyLog: keyLog)
      connections[index].facts.tls = TLSFacts()
      for piece in pieces {
        deliver(piece.bytes.span, index, piece.direction, piece.stamp, &receiver)
      }
    case .webSocket, .webSocketFrames:
      let stream =
        decision == .webSocket ? WebSocketStream() : WebSocketStream(withoutHandshake: ())
      connections[index].webSocket = stream
      connections[index].facts.webSocket = stream.facts
      for piece in pieces {
        deliverContent(piece.bytes.span, index, piece.direction, piece.stamp, &receiver)
      }
    case .mqtt:
      connections[index].content = .mqtt
      connections[index].facts.isMQTT = true
      if let first = pieces.first {
        receiver.receive(.recognized, first.stamp, on: connections[index].facts)
      }
      for piece in pieces {
        read(piece.bytes.span, index, piece.direction, piece.stamp, &receiver)
      }
    }
  }
}
