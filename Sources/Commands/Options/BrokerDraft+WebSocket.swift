// The WebSocket listeners of the command line, and the PROXY headers of all its listeners. Those that share a port with plain MQTT become one,
// and what is said of WebSockets holds for all of them.

extension BrokerDraft {
  /// Waits for WebSocket clients of this machine.
  mutating func add(webSocketPort port: UInt16, usesTLS: Bool) {
    var listener = ListenerOptions(.loopback(port: port), usesTLS: usesTLS)
    listener.speech = .webSockets
    options.listeners.append(listener)
  }

  /// Settles what connections have to begin with.
  func finishProxyProtocol(_ result: inout BrokerOptions) throws(UsageError) {
    guard let proxyProtocol else {
      if !proxyMustUseTLS { return }
      throw UsageError(
        "--proxy-require-tls", "needs --proxy-protocol",
        example: "--proxy-protocol 2 --proxy-require-tls")
    }
    if proxyMustUseTLS, proxyProtocol == 1 {
      throw UsageError(
        "--proxy-require-tls", "version 1 of the PROXY protocol says nothing of TLS",
        example: "--proxy-protocol 2 --proxy-require-tls")
    }
    if result.listeners.isEmpty { result.listeners.append(ListenerOptions(.loopback(port: 1883))) }
    for index in result.listeners.indices where result.listeners[index].origin == nil {
      result.listeners[index].proxyProtocol = proxyProtocol
      result.listeners[index].proxyMustUseTLS = proxyMustUseTLS
    }
  }

  /// Settles them; those of a configuration file keep what the file says.
  func finishWebSockets(_ result: inout BrokerOptions) throws(UsageError) {
    var joined: [ListenerOptions] = []
    for var listener in result.listeners {
      if listener.speech != .mqtt, listener.origin == nil {
        listener.origins += webSocketOrigins
        listener.paths += webSocketPaths
        if let limit = webSocketHeaderLimitBytes { listener.headerLimitBytes = limit }
      }
      let twin = joined.firstIndex { other in
        other.place == listener.place && other.usesTLS == listener.usesTLS
          && other.speech != listener.speech && other.origin == nil && listener.origin == nil
      }
      guard let twin else {
        joined.append(listener)
        continue
      }
      if listener.speech == .mqtt { listener = joined[twin] }
      listener.speech = .both
      joined[twin] = listener
    }
    result.listeners = joined
    if let webSocketDetail, !joined.contains(where: { $0.speech != .mqtt && $0.origin == nil }) {
      throw UsageError(
        webSocketDetail, "no listener speaks WebSocket", example: "--ws 8080 \(webSocketDetail)")
    }
  }
}
