// How layers are set up, for both directions. A link is reported when those below what it speaks
// stand; an outgoing one when all do.

import Basis
import WebSocket

extension Reactor {
  /// Sets up the next layer as far as that goes now, or reports the link when all stand.
  func climb(_ link: LinkID, _ climb: Climb) {
    guard let layer = climb.takeLayer() else { return arrive(link, climb) }
    climb.deadline = now.advanced(bySeconds: handshakeLimitSeconds)
    handshakes.append(link, at: climb.deadline)
    switch layer {
    case .proxyHeader(let terms): climb.step = .proxyHeader(terms, head: [])
    case .socks(let request): startSOCKS(link, climb, request)
    case .tls(let context, let serverName): startTLS(link, climb, context, serverName)
    case .webSocket(let request): startWebSocket(link, climb, request)
    }
    guard links.contains(link) else { return }
    keepWatch(link)
    if links.contains(link) { advanceStep(link, climb) }
  }

  /// Does what the step can do now.
  func advanceStep(_ link: LinkID, _ climb: Climb) {
    switch climb.step {
    case .outset: break
    case .proxyHeader(let terms, let head): readProxyHeader(link, climb, terms, head)
    case .socks(let negotiation, let answer):
      if writeRest(link) { negotiate(link, climb, negotiation, answer) }
    case .greeting(let context, _): greet(link, climb, context)
    case .handshake: shakeHands(link, climb)
    case .webSocket: if writeRest(link) { readLink(link) }
    }
  }

  /// Writes what the kernel has not taken; false if the link has ended by that.
  private func writeRest(_ link: LinkID) -> Bool {
    if links[link].marks.contains(.blocked) { writeOutbox(link) }
    return links.contains(link)
  }

  /// A layer stands, and what comes next may have come with the last bytes that were read.
  func finishStep(_ link: LinkID, _ climb: Climb) {
    self.climb(link, climb)
    guard links.contains(link) else { return }
    links[link].marks.insert(.hasInput)
    lookAgain(link)
  }

  /// All layers stand.
  func arrive(_ link: LinkID, _ climb: Climb) {
    switch climb.goal {
    case .accepted(let arrival, let speaks):
      links[link].stage = Self.entrance(climb.layers, speaks)
      report(link, 0, .accepted(arrival))
    case .connected(let instant):
      links[link].stage = .open(climb.layers)
      let stoodAt = climb.layers == nil ? nil : instant
      report(link, links[link].owner, .connected(stoodAt: stoodAt))
    }
    watchAgain(link)
    markDirty(link)
  }

  /// Where an accepted link begins that speaks this, above TLS if there is any.
  static func entrance(_ layers: Layers?, _ speaks: ListenerProtocol) -> Stage {
    let speech: Speech
    switch speaks {
    // What comes first is only of interest where something else than MQTT may come.
    case .mqtt: return layers.map { .open($0) } ?? .silent(nil)
    case .webSocket(let terms): speech = .webSocket(WebSocketBox(server: terms))
    case .mqttOrWebSocket(let terms): speech = .undecided(terms)
    }
    guard let layers else { return .silent(Layers(tls: nil, speech)) }
    layers.speech = speech
    return .silent(layers)
  }
}
