// Incoming connections.

import Basis
import CLinux
import Glibc
package import WebSocket

/// A listening socket and what its connections shall be.
final class Listener {
  let socket: ListenSocket
  let index: Int
  var layers: ListenerLayers
  /// Whether the last accept failed; keeps the log from being flooded.
  var isFailing = false

  init(_ socket: consuming ListenSocket, index: Int, layers: ListenerLayers) {
    self.socket = socket
    self.index = index
    self.layers = layers
  }
}

/// What lies between the sockets of a listener and MQTT, from the socket upwards.
package struct ListenerLayers: Sendable {
  /// The header that connections have to begin with; nil is none.
  package var proxyProtocol: ProxyProtocolTerms?
  package var tls: TLSContext?
  /// How connections become WebSockets; nil if they are none.
  package var webSocket: WebSocketTerms?
  /// Whether connections may as well speak MQTT without WebSocket; their first byte tells.
  package var alsoSpeaksMQTT = false

  /// Nothing but TLS, if that.
  package init(tls: TLSContext? = nil) { self.tls = tls }
}

/// What a reactor does when all descriptors are taken.
enum DescriptorShortage {
  /// It accepts.
  case none
  /// It has said so, and whoever comes waits: what lies unread may free some.
  case told
  /// That has been read. Whoever comes first in this turn and still finds none is turned away.
  case decided
}

extension Reactor {
  /// Accepts connections on `socket` from now on; events name the listener by `index`.
  ///
  /// With TLS a connection is reported when its handshake is complete. WebSockets are reported
  /// before they have shaken hands, so that whoever limits silent connections limits these too.
  package func listen(
    _ socket: consuming ListenSocket, index: Int, layers: ListenerLayers = ListenerLayers()
  ) throws(SystemError) {
    if spareDescriptor < 0 { spareDescriptor = linux_open_spare() }
    let listener = Listener(socket, index: index, layers: layers)
    let token = Token.listener(listeners.count)
    if linux_epoll_add(
      epoll.number, listener.socket.descriptor.number, linux_readable, token.word) < 0
    {
      throw SystemError.last("epoll_ctl", listener.socket.address.description)
    }
    listeners.append(listener)
  }

  /// Accepts those who have waited since ``LinkEvent/outOfDescriptors``, as far as there are
  /// descriptors now; if there are none, turns the first of them away.
  package func acceptOrTurnAway() { shortage = .decided }

  /// Stops accepting and closes all listeners; connections live on.
  package func closeListeners() { listeners.removeAll() }

  /// Closes the sockets of the listener `index`; its connections live on.
  package func closeListener(_ index: Int) {
    // The place stays, for the tokens of the others are places.
    for position in listeners.indices where listeners[position]?.index == index {
      listeners[position] = nil
    }
  }

  /// Connections that the listener `index` accepts from now on have these layers.
  package func setLayers(_ layers: ListenerLayers, ofListener index: Int) {
    for listener in listeners where listener?.index == index { listener?.layers = layers }
  }

  func acceptAll(_ position: Int) {
    guard shortage != .told, position < listeners.count, let listener = listeners[position] else {
      return
    }
    var peer = linux_address_empty()
    for _ in 0..<Self.acceptLimit {
      let number = linux_accept(listener.socket.descriptor.number, &peer)
      if number >= 0 {
        listener.isFailing = false
        welcome(number, SocketAddress(peer), listener)
        continue
      }
      switch errno {
      case EAGAIN: return
      case EMFILE, ENFILE:
        // Also said where nobody waits.
        let error = SystemError.last("accept", listenerName(listener))
        if !listener.socket.descriptor.isReadable { return }
        if shortage == .none {
          shortage = .told
          return report(.none, 0, .outOfDescriptors)
        }
        // Whoever comes behind it may be met by what has been sent since.
        shortage = .none
        return refuse(listener, error)
      case ENOBUFS, ENOMEM:
        return reportFailure(listener, SystemError.last("accept", listenerName(listener)))
      default: continue  // The peer gave up while it waited, or a signal came.
      }
    }
  }

  private func listenerName(_ listener: Listener) -> String {
    "on \(listener.socket.address)"
  }

  private func welcome(_ number: Int32, _ peer: SocketAddress, _ listener: Listener) {
    let link = links.insert(
      Link(descriptor: number, flags: [.incoming, .fresh], owner: 0))
    let layers = listener.layers
    guard layers.proxyProtocol != nil else {
      return build(layers, on: link, from: peer, listener: listener.index)
    }
    let more = LinkExtension()
    more.peer = peer
    more.listener = listener.index
    more.expected = layers
    links[link.index].more = more
    guard register(link) else { return forget(link) }
    begin(.proxyHeader, link, more)
  }

  /// Puts the layers on a link that is not registered yet, unless it has had a PROXY header.
  func build(
    _ layers: ListenerLayers, on link: LinkID, from peer: SocketAddress, listener index: Int
  ) {
    if let terms = layers.webSocket {
      prepareWebSocket(link, terms, isSure: !layers.alsoSpeaksMQTT)
    }
    let isRegistered = layers.proxyProtocol != nil
    guard let context = layers.tls else {
      let count = isRegistered ? 0 : receiveFirst(link)
      guard isRegistered || count > 0 || register(link) else { return forget(link) }
      report(link, 0, .accepted(listener: index, peer: peer))
      if count > 0 {
        links[link.index].flags.insert([.unwatched, .hasInput])
        unwatched.append(link)
        take(link, count)
      }
      return
    }
    let more = links[link.index].more ?? LinkExtension()
    more.peer = peer
    more.listener = index
    links[link.index].more = more
    guard isRegistered || register(link) else { return forget(link) }
    more.context = context
    begin(.tls, link, more)
    shakeHands(link)
  }

  /// Turns a connection away for lack of descriptors.
  ///
  /// The spare one lets us take it off the queue and close it, so that its peer knows and the
  /// listener does not stay readable for ever.
  private func refuse(_ listener: Listener, _ error: SystemError) {
    reportFailure(listener, error)
    if spareDescriptor < 0 { spareDescriptor = linux_open_spare() }
    guard spareDescriptor >= 0 else { return }
    closeDescriptor(spareDescriptor)
    var peer = linux_address_empty()
    let number = linux_accept(listener.socket.descriptor.number, &peer)
    if number >= 0 { closeDescriptor(number) }
    spareDescriptor = linux_open_spare()
  }

  private func reportFailure(_ listener: Listener, _ error: SystemError) {
    if !listener.isFailing {
      report(.none, 0, .acceptFailed(listener: listener.index, error))
    }
    listener.isFailing = true
  }
}
