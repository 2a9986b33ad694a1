// The steps in which somebody stands between the two ends: the PROXY header of a load balancer in
// front of us, and the SOCKS proxy that an outgoing link goes through. What follows them belongs to
// the next layer, which may read the socket itself as TLS does, so not a byte too much is taken.

import Basis
import CLinux
import Glibc

extension Reactor {
  // MARK: PROXY

  /// Looks at what has come without taking it, and takes what belongs to the header.
  func readProxyHeader(
    _ link: LinkID, _ climb: Climb, _ terms: ProxyProtocolTerms, _ head: [UInt8]
  ) {
    let seen: [UInt8]
    switch look(link, ProxyHeader.binaryLimitBytes) {
    case .bytes(let bytes): seen = bytes
    case .nothing: return
    case .ended: return
    }
    do throws(ProxyHeaderFault) {
      guard let (header, count) = try ProxyHeader.read(head + seen, terms) else {
        climb.step = .proxyHeader(terms, head: head + seen)
        discard(link, seen.count)
        return
      }
      discard(link, count - head.count)
      climb.take(header)
      finishStep(link, climb)
    } catch {
      end(link, .proxyHeader(error))
    }
  }

  // MARK: SOCKS

  /// Says hello to the proxy.
  func startSOCKS(_ link: LinkID, _ climb: Climb, _ request: SOCKSRequest) {
    let negotiation = SOCKSNegotiation(request)
    climb.step = .socks(negotiation, answer: [])
    say(link, negotiation.output)
  }

  /// Takes the proxy's answers, each exactly as long as it is, until it has connected us.
  func negotiate(
    _ link: LinkID, _ climb: Climb, _ negotiation: SOCKSNegotiation, _ answer: [UInt8]
  ) {
    var (negotiation, answer) = (negotiation, answer)
    while true {
      switch look(link, negotiation.wantedCount - answer.count) {
      case .bytes(let bytes):
        discard(link, bytes.count)
        answer += bytes
      case .nothing: return climb.step = .socks(negotiation, answer: answer)
      case .ended: return
      }
      if answer.count < negotiation.wantedCount { continue }
      do throws(SOCKSFailure) {
        if try negotiation.take(answer) { return finishStep(link, climb) }
      } catch {
        return end(link, .socks(error))
      }
      answer = []
      say(link, negotiation.output)
      if !links.contains(link) { return }
    }
  }

  private func say(_ link: LinkID, _ bytes: [UInt8]) {
    if bytes.isEmpty { return }
    links[link].outbox.append(bytes.span)
    writeOutbox(link)
  }

  // MARK: Reading with care

  private enum Look {
    case bytes([UInt8])
    case nothing
    case ended
  }

  /// The next bytes of the socket, which stay there; an end of the connection ends the link.
  private func look(_ link: LinkID, _ limit: Int) -> Look {
    let descriptor = links[link].descriptor
    var seen = [UInt8](repeating: 0, count: limit)
    let count = seen.withUnsafeMutableBytes { room in
      retryingInterrupted {
        recv(descriptor, room.baseAddress, room.count, Int32(MSG_PEEK) | Int32(MSG_DONTWAIT))
      }
    }
    if count > 0 { return .bytes(Array(seen[..<count])) }
    if count < 0, errno == EAGAIN {
      links[link].marks.remove(.hasInput)
      return .nothing
    }
    end(link, count == 0 ? .peerClosed : .failed(SystemError(code: errno, call: "read")))
    return .ended
  }

  /// Takes bytes that have been looked at.
  private func discard(_ link: LinkID, _ count: Int) {
    var left = count
    var room = [UInt8](repeating: 0, count: count)
    while left > 0 {
      let taken = room.withUnsafeMutableBytes { room in
        recv(links[link].descriptor, room.baseAddress, left, Int32(MSG_DONTWAIT))
      }
      if taken <= 0 { return }
      left -= taken
    }
  }
}

extension Climb {
  /// Whoever the header speaks for is the one who comes.
  fileprivate func take(_ header: ProxyHeader) {
    guard case .accepted(var arrival, let speaks) = goal else { return }
    if let source = header.source { arrival.peer = source }
    if header.tls.isProtected { arrival.proxyTLS = header.tls }
    goal = .accepted(arrival, speaks)
  }
}
