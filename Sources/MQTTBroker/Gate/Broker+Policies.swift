// The policies of the listeners are read again while clients are connected. Who would not get in
// under the new ones is disconnected, as mosquitto does; a changed password counts, because nobody
// keeps the old one to try it against the new hash.

import AccessControl
package import Basis
import MQTTCodec

extension Broker {
  /// Puts other policies in the place of all that there are.
  package mutating func setPolicies(_ policies: [ListenerPolicy], now: Instant) {
    clock.now = now
    let before = gate.policies
    gate.policies = policies
    readAccess()
    for index in connections.slots
    where connections.isOccupied(index) && connections[index].stage == .connected {
      let listener = Int(connections[index].listener)
      let old = listener < before.count ? before[listener] : ListenerPolicy()
      if let reason = objection(to: index, old) { disconnect(index, reason) }
    }
    queueAllWithheld()
  }

  /// Why a connected client would not get in any more.
  private func objection(to index: Slot<Connection>, _ old: ListenerPolicy) -> String? {
    let policy = policy(of: index)
    // Who it is was proven in another way.
    if connections[index].extras?.authenticationMethod != nil { return nil }
    guard let session = connections[index].session else { return nil }
    let userName = sessions[session].userName
    if policy.identity != .packet {
      return connections[index].extras?.identity == nil
        ? "its TLS handshake gave no user name" : nil
    }
    guard let userName else {
      return policy.allowsAnonymous ? nil : "clients without a user name are not let in any more"
    }
    guard let passwords = policy.passwords else {
      return policy.allowsAnonymous ? nil : "there is no password file any more"
    }
    guard let entry = passwords.entry(of: userName) else { return "its user is gone" }
    if old.passwords?.entry(of: userName)?.hash == entry.hash { return nil }
    return "its password has changed"
  }

  private mutating func disconnect(_ index: Slot<Connection>, _ reason: String) {
    if connections[index].version == .v5 {
      send(.disconnect(Disconnect(reasonCode: .notAuthorized)), on: index)
    }
    leave(
      index, cause: "disconnected after the settings were read again: \(reason)",
      isOrderly: false)
    close(index)
  }
}
