// The WebSocket layer of a link, between TLS or the socket and MQTT. What was read is unmasked where
// it lies in the arena, and what is to be written becomes a frame in the buffer that it comes in, so
// that a message is copied no more often than without it.

import Basis
import HTTP
import WebSocket

extension Reactor {
  // MARK: Becoming one

  /// Decides by the first byte: every method of HTTP begins with a letter, and no CONNECT does.
  func settleSpeech(_ link: LinkID, _ layers: Layers, _ terms: WebSocketTerms, _ first: UInt8) {
    if RequestLine.mayBegin(with: first) {
      layers.speech = .webSocket(WebSocketBox(server: terms))
    } else if layers.isProtected {
      layers.speech = .mqtt
    } else {
      links[link].stage = .open(nil)
    }
  }

  /// Sends the request of an outgoing link.
  func startWebSocket(_ link: LinkID, _ climb: Climb, _ request: WebSocketRequest) {
    var output = ByteBuffer()
    let box = WebSocketBox(client: request, output: &output)
    if let layers = climb.layers {
      layers.speech = .webSocket(box)
    } else {
      climb.layers = Layers(tls: nil, .webSocket(box))
    }
    climb.step = .webSocket
    links[link].outbox = output
    writeOutbox(link)
  }

  // MARK: In

  /// Takes the bytes of MQTT out of what has been read and hands them over.
  func takeFrames(_ link: LinkID, _ box: WebSocketBox, _ range: Range<Int>) {
    var reception = receive(box, range)
    if reception.hasOpened, case .climbing(let climb) = links[link].stage { arrive(link, climb) }
    if reception.payloadCount > 0 {
      let payload = range.lowerBound..<(range.lowerBound + reception.payloadCount)
      report(link, links[link].owner, .received(payload))
    }
    let answer = reception.answer.take()
    if !answer.isEmpty { enqueue(answer, link) }
    if let end = reception.end { return endWebSocket(link, end) }
    sendPong(link, box)
  }

  private func receive(
    _ box: WebSocketBox, _ range: Range<Int>
  ) -> WebSocketConnection.Reception {
    let bytes = UnsafeMutableRawBufferPointer(
      start: arena.start + range.lowerBound, count: range.count)
    return bytes.withMemoryRebound(to: UInt8.self) { bytes in
      var span = bytes.mutableSpan
      return box.connection.receive(&span, mask: box.nextMask)
    }
  }

  /// The link is of no use any more, but its peer shall learn why.
  private func endWebSocket(_ link: LinkID, _ end: WebSocketEnd) {
    if case .unwritable = links[link].stage { return self.end(link, .webSocket(end)) }
    tellEnd(link, .webSocket(end))
    links[link].stage = .closing(links[link].stage.layers, .full)
    links[link].marks.remove(.paused)
    farewells.append(link, at: now.advanced(bySeconds: farewellLimitSeconds))
    watchAgain(link)
    markDirty(link)
  }

  // MARK: Out

  /// Makes a frame of bytes of MQTT and puts it behind what is unsent.
  ///
  /// Before the handshake is complete there is nobody who could read them.
  func sendFrame(_ bytes: consuming ByteBuffer, _ link: LinkID, _ box: WebSocketBox) {
    var bytes = bytes
    guard box.connection.isOpen else { return recycle(bytes) }
    box.connection.seal(&bytes, mask: box.nextMask)
    enqueue(bytes, link)
  }

  /// Answers the last ping; a peer that does not read gets no more than one answer.
  func sendPong(_ link: LinkID, _ box: WebSocketBox) {
    if links[link].marks.contains(.blocked) { return }
    if let pong = box.connection.takePong(mask: box.nextMask) { enqueue(pong, link) }
  }

  /// Says good-bye behind all that is unsent.
  func sendClose(_ link: LinkID, _ layers: Layers?) {
    guard case .webSocket(let box)? = layers?.speech else { return }
    let farewell = box.connection.close(.normal, mask: box.nextMask)
    if !farewell.isEmpty { enqueue(farewell, link) }
  }
}
