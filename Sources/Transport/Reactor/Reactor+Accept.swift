// Incoming connections.

import Basis
import CLinux
import Glibc

/// A listening socket and what its connections shall be.
final class Listener {
  let socket: ListenSocket
  let index: Int
  var layers: ListenerLayers { didSet { stack = layers.stack } }
  /// What has to be set up on each of them.
  private(set) var stack: [Layer]
  /// Whether the last accept failed; keeps the log from being flooded.
  var isFailing = false

  init(_ socket: consuming ListenSocket, index: Int, layers: ListenerLayers) {
    self.socket = socket
    self.index = index
    self.layers = layers
    stack = layers.stack
  }
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
  /// A connection is reported when the layers below what is spoken stand.
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
        let arrival = Arrival(listener: listener.index, peer: SocketAddress(peer))
        place(number, arrival, listener)
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

  /// Gives a connection with layers to the reactor that will serve it, before anything of it is
  /// read: all that they cost, such as the handshake of TLS, is spent there.
  ///
  /// One without layers is read here first. What clients sent in turn is then heard in turn, such as
  /// by one of several that have the same name; whoever owns it may move it after that.
  private func place(_ number: Int32, _ arrival: Arrival, _ listener: Listener) {
    if listener.stack.isEmpty {
      let link = Link(descriptor: number, Self.entrance(nil, listener.layers.speaks))
      return admit(links.insert(link), arrival)
    }
    var arrival = arrival
    arrival.isPlaced = true
    let climb = Climb(to: .accepted(arrival, listener.layers.speaks), listener.stack)
    let link = Link(descriptor: number, .climbing(climb))
    let server = chooseReactor?() ?? self
    if server !== self { return server.adopt(DetachedLink(link)) }
    self.climb(links.insert(link), climb)
  }

  /// Begins with a connection that another reactor has accepted.
  func welcome(_ link: LinkID) {
    if case .climbing(let climb) = links[link].stage { self.climb(link, climb) }
  }

  /// Reports a connection without layers, with what it has brought along.
  private func admit(_ link: LinkID, _ arrival: Arrival) {
    let count = receiveFirst(link)
    guard count > 0 || register(link) else { return forget(link) }
    report(link, 0, .accepted(arrival))
    if count == 0 { return }
    links[link].marks.insert(.hasInput)
    unwatched.append(link)
    take(link, count)
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
