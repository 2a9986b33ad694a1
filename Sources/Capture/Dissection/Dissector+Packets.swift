// From the bytes of one direction to its packets, and what they tell of the connection.

import MQTTCodec

extension Dissector {
  /// Reads the packets that are whole in `bytes`, which follow what came before.
  mutating func read<Receiver: PacketReceiver & ~Copyable>(
    _ bytes: Span<UInt8>, _ context: SegmentContext,
    _ receiver: inout Receiver
  ) {
    var stream = PacketStream()
    swap(&stream, &connections[context.index][context.direction])
    defer { swap(&stream, &connections[context.index][context.direction]) }
    var start = 0
    if stream.skip > 0 {
      start = min(stream.skip, bytes.count)
      stream.skip -= start
      if start == bytes.count { return }
    }
    if stream.partial.isEmpty {
      let rest = bytes.extracting(start..<bytes.count)
      let used = packets(
        rest, newCount: rest.count, &stream, context, context.stamp.frame, &receiver)
      if used < rest.count {
        stream.partial = rest.extracting(used..<rest.count).array
        stream.partialFrame = context.stamp.frame
      }
      return
    }
    for position in start..<bytes.count { stream.partial.append(bytes[position]) }
    var whole: [UInt8] = []
    swap(&whole, &stream.partial)
    let used = packets(
      whole.span, newCount: bytes.count - start, &stream, context,
      stream.partialFrame, &receiver)
    if used == 0 {
      swap(&whole, &stream.partial)
    } else if used < whole.count {
      stream.partial = Array(whole[used...])
      stream.partialFrame = context.stamp.frame
    }
  }

  /// Reads as many packets as there are and answers how many bytes they took.
  private mutating func packets<Receiver: PacketReceiver & ~Copyable>(
    _ bytes: Span<UInt8>, newCount: Int, _ stream: inout PacketStream, _ context: SegmentContext,
    _ firstFrame: Int, _ receiver: inout Receiver
  ) -> Int {
    var offset = 0
    var frame = firstFrame
    var unsearchedCount = newCount
    while offset < bytes.count {
      if stream.isLost {
        let rest = bytes.extracting(offset..<bytes.count)
        let version = connections[context.index].knownVersion
        defer { unsearchedCount = 0 }
        switch stream.search(rest, newCount: unsearchedCount, context.direction, version) {
        case .undecided(let from):
          stream.lostBytes += from
          return offset + from
        case .found(let place):
          offset += place
          stream.isLost = false
          receiver.receive(
            .resynchronized(context.direction, skipped: stream.lostBytes + place), context.stamp,
            on: connections[context.index].facts)
          stream.lostBytes = 0
        }
      }
      let header: FixedHeader?
      do {
        header = try FixedHeader.read(
          bytes, at: offset, packetSizeLimit: FixedHeader.longestPacket,
          version: connections[context.index].facts.version)
      } catch {
        tell(
          CapturedPacket(
            number: packetCount + 1, stamp: context.stamp, firstFrame: frame,
            direction: context.direction,
            header: nil,
            content: .malformed(error)),
          bytes.extracting(offset..<min(bytes.count, offset + 5)), context.index, &receiver)
        stream.isLost = true
        stream.lostBytes = 1
        offset += 1
        continue
      }
      guard let header else { return offset }
      let available = bytes.count - offset
      if available < header.packetLength {
        if header.packetLength <= PacketStream.keptLimit || available < PacketStream.searchLimit {
          return offset
        }
        cut(
          header, bytes.extracting(offset..<bytes.count), context, frame, &receiver)
        stream.skip = header.packetLength - available
        return bytes.count
      }
      let packet = bytes.extracting(offset..<offset + header.packetLength)
      take(packet, header, &stream, context, frame, &receiver)
      offset += header.packetLength
      frame = context.stamp.frame
    }
    return offset
  }

  private mutating func cut<Receiver: PacketReceiver & ~Copyable>(
    _ header: FixedHeader, _ bytes: Span<UInt8>, _ context: SegmentContext, _ firstFrame: Int,
    _ receiver: inout Receiver
  ) {
    tell(
      CapturedPacket(
        number: packetCount + 1, stamp: context.stamp, firstFrame: firstFrame,
        direction: context.direction,
        header: header,
        content: .incomplete(missing: header.packetLength - bytes.count)),
      bytes, context.index, &receiver)
  }

  private mutating func take<Receiver: PacketReceiver & ~Copyable>(
    _ packet: Span<UInt8>, _ header: FixedHeader, _ stream: inout PacketStream,
    _ context: SegmentContext, _ firstFrame: Int, _ receiver: inout Receiver
  ) {
    if header.type != .connect {
      connections[context.index].facts.infer(
        from: packet, header, context.direction, frame: context.stamp.frame)
    }
    let version = connections[context.index].facts.version
    var captured = CapturedPacket(
      number: packetCount + 1, stamp: context.stamp, firstFrame: firstFrame,
      direction: context.direction,
      header: header,
      content: .incomplete(missing: 0))
    do {
      if header.type == .publish {
        let view = try PublishView.decode(
          packet, header, version: version, direction: context.direction)
        captured.content = .publish(view)
        if view.topicAlias != 0 {
          captured.aliasedTopic = stream.resolve(view, packet)
        }
      } else {
        let content = try Packet.decode(
          packet, header, version: version, direction: context.direction)
        connections[context.index].facts.learn(from: content, frame: context.stamp.frame)
        captured.content = .packet(content)
      }
    } catch {
      captured.content = .malformed(error)
    }
    tell(captured, packet, context.index, &receiver)
  }

  private mutating func tell<Receiver: PacketReceiver & ~Copyable>(
    _ packet: CapturedPacket, _ bytes: Span<UInt8>, _ index: Int, _ receiver: inout Receiver
  ) {
    connections[index].hasPackets = true
    packetCount += 1
    receiver.receive(packet, bytes, on: connections[index].facts)
  }

  /// Bytes of a direction are not in the capture; a count that is not exact is one of a layer
  /// below.
  mutating func miss<Receiver: PacketReceiver & ~Copyable>(
    _ count: Int, isExact: Bool, _ context: SegmentContext,
    _ receiver: inout Receiver
  ) {
    switch connections[context.index].content {
    case .other: return
    case .undecided:
      connections[context.index].opening.removeAll { $0.direction == context.direction }
      connections[context.index].openingBytes = connections[context.index].opening.reduce(0) {
        $0 + $1.bytes.count
      }
      connections[context.index].facts.hasBeginning = false
      return
    case .mqtt: break
    }
    receiver.receive(
      .missing(context.direction, count: count), context.stamp, on: connections[context.index].facts
    )
    var stream = PacketStream()
    swap(&stream, &connections[context.index][context.direction])
    defer { swap(&stream, &connections[context.index][context.direction]) }
    if stream.isLost { return stream.lostBytes += count }
    if stream.skip > 0 {
      stream.isLost = count > stream.skip || !isExact
      stream.skip = stream.isLost ? 0 : stream.skip - count
      return
    }
    guard !stream.partial.isEmpty else { return stream.isLost = true }
    let partial = stream.partial
    stream.partial = []
    stream.isLost = true
    let header = try? FixedHeader.read(
      partial.span, at: 0, packetSizeLimit: FixedHeader.longestPacket)
    guard let found = header ?? nil else { return }
    cut(found, partial.span, context, stream.partialFrame, &receiver)
    let rest = found.packetLength - partial.count
    if isExact && count <= rest {
      stream.isLost = false
      stream.skip = rest - count
    }
  }

  /// A direction has ended: what is left of a packet will never be whole.
  mutating func end<Receiver: PacketReceiver & ~Copyable>(
    _ index: Int, _ direction: Direction, _ receiver: inout Receiver
  ) {
    guard case .mqtt = connections[index].content else { return }
    let partial = connections[index][direction].partial
    if partial.isEmpty || connections[index][direction].isLost { return }
    let frame = connections[index][direction].partialFrame
    connections[index][direction].partial = []
    let header = try? FixedHeader.read(
      partial.span, at: 0, packetSizeLimit: FixedHeader.longestPacket)
    var stamp = lastStamp
    stamp.frame = frame
    tell(
      CapturedPacket(
        number: packetCount + 1, stamp: stamp, firstFrame: frame, direction: direction,
        header: header ?? nil,
        content: .incomplete(missing: (header ?? nil).map { $0.packetLength - partial.count } ?? 0)),
      partial.span, index, &receiver)
  }
}

extension PacketStream {
  /// The topic that an alias stands for; learns it when the packet names both.
  fileprivate mutating func resolve(_ view: PublishView, _ packet: Span<UInt8>) -> String? {
    if view.topic.isEmpty { return aliases[view.topicAlias] }
    learn(String(validated: packet, view.topic), alias: view.topicAlias)
    return nil
  }
}

extension ConnectionFacts {
  fileprivate mutating func learn(from packet: Packet, frame: Int) {
    switch packet {
    case .connect(let connect):
      version = connect.version
      evidence = .connect(frame: frame)
      // An empty one names nobody.
      clientIdentifier = connect.clientIdentifier.isEmpty ? nil : connect.clientIdentifier
    case .connack(let connack):
      for property in connack.properties.list
      where property.identifier
        == .assignedClientIdentifier
      {
        if case .string(let assigned) = property.value { clientIdentifier = assigned }
      }
    case .publish, .puback, .pubrec, .pubrel, .pubcomp, .subscribe, .suback, .unsubscribe,
      .unsuback, .pingreq, .pingresp, .disconnect, .auth:
      return
    }
  }
}
