// One end of a WebSocket (RFC 6455): bytes of the transport in, bytes of MQTT out, and the other way
// round. No socket, no clock, no random source: the client's key and masks are given.
//
//   handshake --(the other side's head is right)--> open --(Close, a fault)--> ended
//
// Input may be split anywhere. What MQTT gets lies at the front of the same memory that the input
// came in; output becomes a frame in place. After the end nothing goes in or out.

package import Basis
import HTTP

/// The WebSocket of one connection.
package struct WebSocketConnection {
  /// What a stretch of input came to.
  package struct Reception: ~Copyable {
    /// So many bytes of MQTT lie at the front of the stretch.
    package var payloadCount = 0
    /// Whether this stretch completed the handshake.
    package var hasOpened = false
    /// What has to be sent as it is: the answer to a handshake, a Close frame.
    package var answer = ByteBuffer()
    /// The end, when this was it; what lies at the front came before.
    package var end: WebSocketEnd?
  }

  private enum Phase {
    case awaitsRequest(WebSocketTerms, HeadCollector)
    case awaitsAnswer(WebSocketRequest, key: String, HeadCollector)
    case open(FrameReader)
    case ended
  }

  private var phase: Phase
  private let isServer: Bool
  /// The payload of the last ping that has not been answered; earlier ones need no answer (5.5.3).
  private var ping: [UInt8]?

  /// The server's end of a connection on which nothing has come yet.
  package init(server terms: WebSocketTerms) {
    isServer = true
    phase = .awaitsRequest(terms, HeadCollector(limitBytes: terms.headerLimitBytes))
  }

  /// The client's end, whose request with sixteen random bytes goes to `output`.
  package init(client request: WebSocketRequest, random: [UInt8], output: inout ByteBuffer) {
    precondition(random.count == 16, "a key is made of sixteen bytes")
    isServer = false
    let key = Base64.text(random)
    output.append(utf8: request.text(key: key))
    phase = .awaitsAnswer(request, key: key, HeadCollector(limitBytes: request.headerLimitBytes))
  }

  /// Whether MQTT may be sent.
  package var isOpen: Bool {
    if case .open = phase { true } else { false }
  }

  /// Takes what has come; `mask` is for a Close frame that a client may have to send.
  package mutating func receive(
    _ bytes: inout MutableSpan<UInt8>, mask: UInt32
  ) -> Reception {
    var reception = Reception()
    do throws(WebSocketEnd) {
      var position = 0
      switch phase {
      case .awaitsRequest, .awaitsAnswer:
        guard let start = try shakeHands(bytes, &reception) else { return reception }
        position = start
      case .open: break
      case .ended: return reception
      }
      try readFrames(&bytes, from: position, &reception, mask)
    } catch {
      phase = .ended
      ping = nil
      reception.end = error
    }
    return reception
  }

  /// The pong that is owed, as a frame; nil when none is.
  package mutating func takePong(mask: UInt32) -> ByteBuffer? {
    guard let payload = ping else { return nil }
    ping = nil
    return frame(.pong, payload, mask)
  }

  /// Makes a frame of bytes of MQTT, in place. [MQTT-6.0.0-1]
  package func seal(_ bytes: inout ByteBuffer, mask: UInt32) {
    bytes.becomeFrame(.binary, key: isServer ? nil : mask)
  }

  /// Ends this side; the Close frame is what remains to be sent, or nothing before the handshake.
  package mutating func close(_ code: CloseCode, mask: UInt32) -> ByteBuffer {
    guard isOpen else {
      phase = .ended
      return ByteBuffer()
    }
    phase = .ended
    ping = nil
    return closeFrame(code, mask)
  }

  // MARK: Handshake

  /// Reads a head; answers where the frames begin once it is whole.
  private mutating func shakeHands(
    _ bytes: borrowing MutableSpan<UInt8>, _ reception: inout Reception
  ) throws(WebSocketEnd) -> Int? {
    switch phase {
    case .awaitsRequest(let terms, var head):
      if head.isEmpty, let refusal = Self.refusal(first: bytes) {
        throw refuse(refusal, &reception)
      }
      switch head.collect(bytes.span) {
      case .incomplete:
        phase = .awaitsRequest(terms, head)
        return nil
      case .tooLong:
        throw refuse(.tooLong(limitBytes: terms.headerLimitBytes), &reception)
      case .complete(let text, let consumed):
        do throws(HandshakeRefusal) {
          reception.answer.append(utf8: try terms.accept(text))
        } catch {
          throw refuse(error, &reception)
        }
        open(&reception)
        return consumed
      }
    case .awaitsAnswer(let request, let key, var head):
      switch head.collect(bytes.span) {
      case .incomplete:
        phase = .awaitsAnswer(request, key: key, head)
        return nil
      case .tooLong: throw .failed(.tooLong(limitBytes: request.headerLimitBytes))
      case .complete(let text, let consumed):
        let body = (consumed..<bytes.count).map { bytes[$0] }
        do throws(HandshakeFailure) { try request.check(text, key: key, body: body) } catch {
          throw .failed(error)
        }
        open(&reception)
        return consumed
      }
    case .open, .ended: return nil
    }
  }

  /// What a first byte tells that no method of HTTP begins with.
  private static func refusal(first bytes: borrowing MutableSpan<UInt8>) -> HandshakeRefusal? {
    guard !bytes.isEmpty else { return nil }
    let byte = bytes[0]
    if RequestLine.mayBegin(with: byte) { return nil }
    return byte == 0x10 ? .plainMQTT : .malformed("it begins with the byte \(byte)")
  }

  private func refuse(
    _ refusal: HandshakeRefusal, _ reception: inout Reception
  ) -> WebSocketEnd {
    reception.answer.append(utf8: refusal.answer)
    return .refused(refusal)
  }

  private mutating func open(_ reception: inout Reception) {
    reception.hasOpened = true
    phase = .open(FrameReader(fromClient: isServer))
  }

  // MARK: Frames

  private mutating func readFrames(
    _ bytes: inout MutableSpan<UInt8>, from start: Int, _ reception: inout Reception,
    _ mask: UInt32
  ) throws(WebSocketEnd) {
    guard case .open(var reader) = phase else { return }
    // The reader is unique while it works, so that its arrays are not copied.
    phase = .ended
    var position = start
    while true {
      let control: ControlFrame?
      do throws(FrameFault) {
        control = try reader.read(&bytes, from: &position, to: &reception.payloadCount)
      } catch {
        reception.answer.append(closeFrame(error.closeCode, mask).span)
        throw .fault(error)
      }
      guard let control else { break }
      switch control {
      case .ping(let payload): ping = payload
      case .close(let code, let reason):
        reception.answer.append(closeFrame(code ?? .normal, mask).span)
        throw .closed(code, reason: reason)
      }
    }
    phase = .open(reader)
  }

  private func closeFrame(_ code: CloseCode, _ mask: UInt32) -> ByteBuffer {
    frame(.close, [UInt8(code.rawValue >> 8), UInt8(code.rawValue & 0xFF)], mask)
  }

  private func frame(_ opcode: Opcode, _ payload: [UInt8], _ mask: UInt32) -> ByteBuffer {
    var buffer = ByteBuffer()
    buffer.append(payload.span)
    buffer.becomeFrame(opcode, key: isServer ? nil : mask)
    return buffer
  }
}
