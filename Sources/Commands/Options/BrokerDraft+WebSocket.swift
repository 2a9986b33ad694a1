// The WebSocket listeners of the command line. One that shares a port with plain MQTT becomes one
// with it.

extension BrokerDraft {
  /// Waits for WebSocket clients of this machine.
  mutating func add(webSocketPort port: UInt16, usesTLS: Bool) {
    var listener = ListenerOptions(.loopback(port: port), usesTLS: usesTLS)
    listener.speech = .webSockets
    options.listeners.append(listener)
  }

  /// `listeners` with those that share a place and speak differently joined.
  static func joined(_ listeners: [ListenerOptions]) -> [ListenerOptions] {
    var joined: [ListenerOptions] = []
    for listener in listeners {
      let twin = joined.firstIndex { other in
        other.place == listener.place && other.usesTLS == listener.usesTLS
          && other.speech != listener.speech
      }
      if let twin { joined[twin].speech = .both } else { joined.append(listener) }
    }
    return joined
  }
}
