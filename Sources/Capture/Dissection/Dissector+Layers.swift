// From the bytes of TCP to those of MQTT: through TLS, through WebSocket, and to the decision what
// is spoken. Each layer hands on what it makes of its bytes; a gap is handed on as well.

import Basis
import MQTTCodec

extension Dissector {
  /// Bytes of TCP, in order.
  mutating func deliver<Receiver: PacketReceiver & ~Copyable>(
    _ bytes: Span<UInt8>, _ context: SegmentContext,
    _ receiver: inout Receiver
  ) {
    guard let tls = connections[context.index].tls else {
      return deliverContent(bytes, context, &receiver)
    }
    var output: [TLSOutput] = []
    tls.receive(bytes, context.direction, &output)
    handOn(output, of: tls, context, &receiver)
  }

  /// Bytes of TCP are not in the capture.
  mutating func lack<Receiver: PacketReceiver & ~Copyable>(
    _ count: Int, _ context: SegmentContext,
    _ receiver: inout Receiver
  ) {
    if context.direction == .toServer {
      connections[context.index].facts.missingToServer += count
    } else {
      connections[context.index].facts.missingToClient += count
    }
    guard let tls = connections[context.index].tls else {
      return lackContent(count, isExact: true, context, &receiver)
    }
    var output: [TLSOutput] = []
    tls.miss(count, context.direction, &output)
    handOn(output, of: tls, context, &receiver)
  }

  private mutating func handOn<Receiver: PacketReceiver & ~Copyable>(
    _ output: [TLSOutput], of tls: TLSConnection, _ context: SegmentContext,
    _ receiver: inout Receiver
  ) {
    if output.isEmpty { return }
    connections[context.index].facts.tls = tls.facts
    for item in output {
      switch item {
      case .event(let event):
        receiver.receive(.tls(event), context.stamp, on: connections[context.index].facts)
      case .content(let direction, let bytes):
        deliverContent(bytes.span, context.inDirection(direction), &receiver)
      case .missing(let direction, let count):
        lackContent(count, isExact: false, context.inDirection(direction), &receiver)
      }
    }
  }

  // MARK: WebSocket

  /// Bytes of TCP or of TLS.
  private mutating func deliverContent<Receiver: PacketReceiver & ~Copyable>(
    _ bytes: Span<UInt8>, _ context: SegmentContext,
    _ receiver: inout Receiver
  ) {
    if connections[context.index].webSocket == nil {
      return spell(bytes, context, &receiver)
    }
    var output = WebSocketOutput()
    connections[context.index].webSocket?.read(bytes, context.direction, services, &output)
    handOn(output, context, &receiver)
  }

  private mutating func lackContent<Receiver: PacketReceiver & ~Copyable>(
    _ count: Int, isExact: Bool, _ context: SegmentContext,
    _ receiver: inout Receiver
  ) {
    if connections[context.index].webSocket == nil {
      return miss(count, isExact: isExact, context, &receiver)
    }
    var output = WebSocketOutput()
    connections[context.index].webSocket?.miss(count, &output, context.direction)
    handOn(output, context, &receiver)
  }

  private mutating func handOn<Receiver: PacketReceiver & ~Copyable>(
    _ output: borrowing WebSocketOutput, _ context: SegmentContext,
    _ receiver: inout Receiver
  ) {
    if let webSocket = connections[context.index].webSocket, !output.events.isEmpty {
      connections[context.index].facts.webSocket = webSocket.facts
    }
    if let missing = output.missing {
      miss(missing.count, isExact: missing.isExact, context, &receiver)
    }
    if !output.payload.isEmpty {
      spell(output.payload.span, context, &receiver)
    }
    let isTold =
      connections[context.index].facts.isMQTT
      || connections[context.index].webSocket?.offersMQTT == true
    if !isTold { return }
    for event in output.events {
      receiver.receive(.webSocket(event), context.stamp, on: connections[context.index].facts)
    }
  }

  // MARK: What is spoken

  /// Bytes of what is spoken on the connection.
  private mutating func spell<Receiver: PacketReceiver & ~Copyable>(
    _ bytes: Span<UInt8>, _ context: SegmentContext,
    _ receiver: inout Receiver
  ) {
    switch connections[context.index].content {
    case .mqtt: read(bytes, context, &receiver)
    case .other: return
    case .undecided:
      connections[context.index].opening.append(
        OpeningPiece(direction: context.direction, bytes: bytes.array, stamp: context.stamp))
      connections[context.index].openingBytes += bytes.count
      decide(context.index, &receiver)
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
        deliver(piece.bytes.span, piece.context(index), &receiver)
      }
    case .webSocket, .webSocketFrames:
      let stream =
        decision == .webSocket ? WebSocketStream() : WebSocketStream(withoutHandshake: ())
      connections[index].webSocket = stream
      connections[index].facts.webSocket = stream.facts
      for piece in pieces {
        deliverContent(piece.bytes.span, piece.context(index), &receiver)
      }
    case .mqtt:
      connections[index].content = .mqtt
      connections[index].facts.isMQTT = true
      if let first = pieces.first {
        receiver.receive(.recognized, first.stamp, on: connections[index].facts)
      }
      for piece in pieces {
        read(piece.bytes.span, piece.context(index), &receiver)
      }
    }
  }
}
