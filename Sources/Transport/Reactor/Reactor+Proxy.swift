// The steps in which somebody stands between the two ends: the PROXY header of a load balancer in
// front of us, and the SOCKS proxy that an outgoing link goes through. What follows them belongs to
// the next layer, which may read the socket itself as TLS does, so not a byte too much is taken.

import Basis
import CLinux
import Glibc

extension Reactor {
  // MARK: PROXY

  /// Looks at what has come without taking it, and takes what belongs to the header.
  func readProxyHeader(_ link: LinkID, _ more: LinkExtension) {
    guard let layers = more.expected, let terms = layers.proxyProtocol else { return }
    let known = more.proxyHead.count
    let seen: [UInt8]
    switch look(link, ProxyHeader.binaryLimitBytes) {
    case .bytes(let bytes): seen = bytes
    case .nothing: return
    case .ended: return
    }
    do throws(ProxyHeaderFault) {
      guard let (header, count) = try ProxyHeader.read(more.proxyHead + seen, terms) else {
        more.proxyHead += seen
        discard(link, seen.count)
        return
      }
      discard(link, count - known)
      more.proxyHead = []
      finishProxyHeader(link, more, layers, header)
    } catch {
      end(link, .proxyHeader(error))
    }
  }

  private func finishProxyHeader(
    _ link: LinkID, _ more: LinkExtension, _ layers: ListenerLayers, _ header: ProxyHeader
  ) {
    guard let peer = header.source ?? more.peer else { return }
    more.peer = nil
    more.expected = nil
    if header.tls.isProtected { more.proxyTLS = header.tls }
    links[link.index].flags.remove(.handshaking)
    build(layers, on: link, from: peer, listener: more.listener)
    guard links.contains(link) else { return }
    watchAgain(link)
    if layers.tls == nil, layers.webSocket == nil, more.proxyTLS == nil {
      links[link.index].more = nil
    }
    links[link.index].flags.insert(.hasInput)
    lookAgain(link)
  }

  /// What the PROXY header of a link said of its client's TLS; nil when it said nothing.
  package func proxyTLS(_ link: LinkID) -> ProxyTLSFacts? {
    links.contains(link) ? links[link.index].more?.proxyTLS : nil
  }

  // MARK: SOCKS

  /// Says hello to the proxy.
  func startSOCKS(_ link: LinkID, _ more: LinkExtension) {
    begin(.socks, link, more)
    say(link, more.socks?.output ?? [])
  }

  /// Takes the proxy's answers, each exactly as long as it is, until it has connected us.
  func negotiate(_ link: LinkID, _ more: LinkExtension) {
    if links[link.index].flags.contains(.blocked) {
      writeOutbox(link)
      guard links.contains(link) else { return }
    }
    while var socks = more.socks {
      let seen: [UInt8]
      switch look(link, socks.wantedCount - more.socksAnswer.count) {
      case .bytes(let bytes): seen = bytes
      case .nothing: return
      case .ended: return
      }
      discard(link, seen.count)
      more.socksAnswer += seen
      if more.socksAnswer.count < socks.wantedCount { continue }
      do throws(SOCKSFailure) {
        let isDone = try socks.take(more.socksAnswer)
        more.socksAnswer = []
        more.socks = isDone ? nil : socks
        if !isDone { say(link, socks.output) }
      } catch {
        return end(link, .socks(error))
      }
    }
    links[link.index].flags.remove(.handshaking)
    takeNextStep(link, more)
    guard links.contains(link) else { return }
    links[link.index].flags.insert(.hasInput)
    lookAgain(link)
  }

  private func say(_ link: LinkID, _ bytes: [UInt8]) {
    if bytes.isEmpty { return }
    links[link.index].outbox.append(bytes.span)
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
    let descriptor = links[link.index].descriptor
    var seen = [UInt8](repeating: 0, count: limit)
    let count = seen.withUnsafeMutableBytes { room in
      retryingInterrupted {
        recv(descriptor, room.baseAddress, room.count, Int32(MSG_PEEK) | Int32(MSG_DONTWAIT))
      }
    }
    if count > 0 { return .bytes(Array(seen[..<count])) }
    if count < 0, errno == EAGAIN {
      links[link.index].flags.remove(.hasInput)
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
        recv(links[link.index].descriptor, room.baseAddress, left, Int32(MSG_DONTWAIT))
      }
      if taken <= 0 { return }
      left -= taken
    }
  }
}
