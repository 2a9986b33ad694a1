// Outgoing connections: every address of a name in its order, until one answers.

package import Basis
import CLinux
import Glibc
package import WebSocket

extension Reactor {
  /// Starts to connect; ``LinkEvent/connected`` or ``LinkEvent/ended(_:)`` follows in a later tick.
  ///
  /// The addresses are tried in order, from `localAddress` if one is given. With `tls` the
  /// handshake belongs to connecting, and `serverName` is what the certificate must be for; so does
  /// the handshake of a WebSocket. With `proxy` the addresses are those of a SOCKS proxy.
  package func connect(
    to addresses: [SocketAddress], from localAddress: SocketAddress? = nil,
    tls: TLSContext? = nil, serverName: String? = nil, webSocket: WebSocketRequest? = nil,
    through proxy: SOCKSRequest? = nil, owner: UInt64 = 0
  ) -> LinkID {
    precondition(!addresses.isEmpty, "a connection needs an address")
    // That it is writable is how the kernel says that it is connected.
    let link = links.insert(
      Link(descriptor: -1, flags: [.connecting, .watchedForWriting], owner: owner))
    let more = LinkExtension()
    more.addresses = addresses
    more.localAddress = localAddress
    more.context = tls
    more.serverName = serverName
    more.webSocketRequest = webSocket
    more.socks = proxy.map(SOCKSNegotiation.init)
    links[link.index].more = more
    tryNextAddress(link, more, nil)
    return link
  }

  /// Starts to connect to one address.
  package func connect(
    to address: SocketAddress, from localAddress: SocketAddress? = nil,
    tls: TLSContext? = nil, serverName: String? = nil, webSocket: WebSocketRequest? = nil,
    through proxy: SOCKSRequest? = nil, owner: UInt64 = 0
  ) -> LinkID {
    connect(
      to: [address], from: localAddress, tls: tls, serverName: serverName, webSocket: webSocket,
      through: proxy, owner: owner)
  }

  /// When TCP's part of an outgoing connection was done, which TLS or a WebSocket followed; nil for
  /// one that had no such part.
  package func connectedInstant(_ link: LinkID) -> Instant? {
    links.contains(link) ? links[link.index].more?.connectedAt : nil
  }

  /// Tries addresses until one is under way; with none left the link ends with the last failure.
  private func tryNextAddress(_ link: LinkID, _ more: LinkExtension, _ failure: LinkEnd?) {
    var failure = failure
    while more.nextAddress < more.addresses.count {
      let address = more.addresses[more.nextAddress]
      more.nextAddress += 1
      do throws(SystemError) {
        let number = try startConnect(address, more.localAddress)
        links[link.index].replaceDescriptor(number)
        links[link.index].flags.remove([.hasInput, .hangup])
        guard register(link) else { throw SystemError.last("epoll_ctl") }
        more.deadline = MonotonicClock.now.advanced(bySeconds: connectLimitSeconds)
        connects.append(link, at: more.deadline)
        return
      } catch {
        failure = .failed(error)
      }
    }
    end(link, failure ?? .closedHere)
  }

  private func startConnect(
    _ address: SocketAddress, _ localAddress: SocketAddress?
  ) throws(SystemError) -> Int32 {
    let subject = address.description
    if case .unix(let path) = address, path.utf8.count > linux_unix_path_limit {
      throw SystemError(code: ENAMETOOLONG, call: "connect", subject: subject)
    }
    let number = linux_stream_socket(address.family)
    if number < 0 { throw SystemError.last("socket", subject) }
    let descriptor = Descriptor(owning: number)
    if address.port != nil { _ = linux_set_no_delay(number) }
    if let localAddress {
      var local = localAddress.system
      if linux_bind(number, &local) < 0 {
        throw SystemError.last("bind", localAddress.host)
      }
    }
    var system = address.system
    // A path whose queue is full answers EAGAIN and would have to be tried again by the clock.
    if linux_connect(number, &system) < 0, errno != EINPROGRESS, errno != EINTR {
      throw SystemError.last("connect", subject)
    }
    return descriptor.release()
  }

  /// The kernel has an answer.
  func finishConnect(_ link: LinkID) {
    guard let more = links[link.index].more else { return }
    let code = linux_socket_error(links[link.index].descriptor)
    if code == EINPROGRESS || code == EALREADY { return }
    if code != 0 {
      let address = more.addresses[more.nextAddress - 1]
      let error = SystemError(code: code, call: "connect", subject: address.description)
      return tryNextAddress(link, more, .failed(error))
    }
    links[link.index].flags.remove(.connecting)
    more.connectedAt = MonotonicClock.now
    takeNextStep(link, more)
    if links.contains(link) { advance(link) }
  }

  /// The address has had its time.
  func abandonAttempt(_ link: LinkID) {
    guard let more = links[link.index].more else { return }
    tryNextAddress(link, more, .connectTimedOut(more.addresses[more.nextAddress - 1]))
  }
}
