// The WebSocket layer of a link, between TLS or the socket and MQTT. What was read is unmasked where
// it lies in the arena, and what is to be written becomes a frame in the buffer that it comes in, so
// that a message is copied no more often than without it.

import Basis
import WebSocket

extension Reactor {
  // MARK: Becoming one

  /// Makes an incoming link a WebSocket, or one that may become one.
  func prepareWebSocket(_ link: LinkID, _ terms: WebSocketTerms, isSure: Bool) {
    let more = links[link.index].more ?? LinkExtension()
    links[link.index].more = more
    if isSure {
      more.webSocket = WebSocketBox(WebSocketConnection(server: terms))
      links[link.index].flags.insert(.webSocket)
    } else {
      more.possibleWebSocket = terms
    }
  }

  /// Decides by the first byte: every method of HTTP begins with a letter, and no CONNECT does.
  func settleWebSocket(_ link: LinkID, _ terms: WebSocketTerms, _ first: UInt8) {
    guard let more = links[link.index].more else { return }
    more.possibleWebSocket = nil
    if (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(first) {
      more.webSocket = WebSocketBox(WebSocketConnection(server: terms))
      links[link.index].flags.insert(.webSocket)
    } else if more.tls == nil, more.proxyTLS == nil {
      links[link.index].more = nil
    }
  }

  /// Sends the request of an outgoing link.
  func startWebSocket(_ link: LinkID, _ more: LinkExtension, _ request: WebSocketRequest) {
    more.webSocketRequest = nil
    var output = ByteBuffer()
    more.webSocket = WebSocketBox(
      WebSocketConnection(client: request, random: RandomBytes.bytes(16), output: &output))
    links[link.index].flags.insert(.webSocket)
    begin(.webSocket, link, more)
    links[link.index].outbox = output
    writeOutbox(link)
  }

  // MARK: In

  /// Takes the bytes of MQTT out of what has been read and hands them over.
  func takeFrames(_ link: LinkID, _ range: Range<Int>) {
    guard let box = links[link.index].more?.webSocket else { return }
    var reception = receive(box, range, mask: mask(link))
    if reception.hasOpened, links[link.index].flags.contains(.handshaking) {
      links[link.index].flags.remove(.handshaking)
      report(link, links[link.index].owner, .connected)
    }
    if reception.payloadCount > 0 {
      let payload = range.lowerBound..<(range.lowerBound + reception.payloadCount)
      report(link, links[link.index].owner, .received(payload))
    }
    let answer = reception.answer.take()
    if !answer.isEmpty { enqueue(answer, link) }
    if let end = reception.end { return endWebSocket(link, end) }
    sendPong(link)
  }

  private func receive(
    _ box: WebSocketBox, _ range: Range<Int>, mask: UInt32
  ) -> WebSocketConnection.Reception {
    let bytes = UnsafeMutableRawBufferPointer(
      start: arena.start + range.lowerBound, count: range.count)
    return bytes.withMemoryRebound(to: UInt8.self) { bytes in
      var span = bytes.mutableSpan
      return box.connection.receive(&span, mask: mask)
    }
  }

  /// The link is of no use any more, but its peer shall learn why.
  private func endWebSocket(_ link: LinkID, _ end: WebSocketEnd) {
    tellEnd(link, .webSocket(end))
    links[link.index].flags.insert([.closing, .hasLastWords])
    links[link.index].flags.remove([.paused, .handshaking])
    farewells.append(link, at: now.advanced(bySeconds: farewellLimitSeconds))
    watchAgain(link)
    markDirty(link)
  }

  // MARK: Out

  /// Makes a frame of bytes of MQTT and puts it behind what is unsent.
  ///
  /// Before the handshake is complete there is nobody who could read them.
  func sendFrame(_ bytes: consuming ByteBuffer, _ link: LinkID) {
    var bytes = bytes
    guard let box = links[link.index].more?.webSocket, box.connection.isOpen else {
      return recycle(bytes)
    }
    box.connection.seal(&bytes, mask: mask(link))
    enqueue(bytes, link)
  }

  /// Answers the last ping; a peer that does not read gets no more than one answer.
  func sendPong(_ link: LinkID) {
    if links[link.index].flags.contains(.blocked) { return }
    if let pong = links[link.index].more?.webSocket?.connection.takePong(mask: mask(link)) {
      enqueue(pong, link)
    }
  }

  /// Says good-bye behind all that is unsent.
  func sendClose(_ link: LinkID) {
    guard let box = links[link.index].more?.webSocket else { return }
    let farewell = box.connection.close(.normal, mask: mask(link))
    if !farewell.isEmpty { enqueue(farewell, link) }
  }

  /// The next mask of a client's frames (RFC 6455, 5.3); a server's have none.
  private func mask(_ link: LinkID) -> UInt32 {
    if links[link.index].flags.contains(.incoming) { return 0 }
    var generator = SystemRandomNumberGenerator()
    return UInt32.random(in: 1 ... .max, using: &generator)
  }
}
