// What the log says about where a server listens, and who gets in there. Each word has to be true of
// this server; who lets more people in than was said is told what to add.

import MQTTBroker
import Settings
import Synchronization
import Transport

extension Server {
  /// Says where `sockets` listen, and warns of what other machines can reach without a password.
  func announce(_ sockets: OpenListeners, _ configuration: ServerConfiguration) {
    if configuration.settings.isUnasked, !sockets.open.isEmpty {
      engine.write(.notice, Self.localAnnouncement(sockets, configuration))
    } else {
      for line in sockets.announcement { engine.write(.notice, line) }
    }
    if let unused = sockets.open.lazy.compactMap({ $0.layers.tls?.unusedKeyLog }).first {
      engine.write(.warning, "\(unused) Going on without it.")
    }
    let table = current.withLock { $0.table }
    let reachable = sockets.open.filter { listener in
      table.numbers[listener.index]?.isOpenUnasked == true && !listener.address.isLocal
    }
    if reachable.isEmpty { return }
    engine.write(
      .warning,
      "everybody who can reach \(Self.list(reachable.map(\.address))) gets in without a password; add"
        + " --passwords FILE to let in users only (mqtt broker passwd makes FILE), or"
        + " --allow-anonymous true if everybody may")
  }

  /// Nobody said where to listen: this machine only.
  private static func localAnnouncement(
    _ sockets: OpenListeners, _ configuration: ServerConfiguration
  ) -> String {
    let isOpen = configuration.listeners.first?.policy.allowsAnonymous ?? true
    let advice: String
    if let file = configuration.settings.configurationFile {
      advice =
        "a listener to \(file), such as listener 1883"
        + (isOpen ? " and password_file FILE" : "")
    } else {
      advice = "--listen 1883" + (isOpen ? " --passwords FILE" : "")
    }
    return "listening on \(list(sockets.addresses)), for this machine only"
      + (isOpen ? " and without passwords" : "") + "; to serve others add \(advice)"
  }

  private static func list(_ addresses: [SocketAddress]) -> String {
    addresses.map(\.description).joined(separator: " and ")
  }
}
