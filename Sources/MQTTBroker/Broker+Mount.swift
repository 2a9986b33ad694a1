// Mount points: the clients of a listener may have all their topics below a prefix that they do not
// see. It is put in front where a topic or filter comes in, and taken away where a message goes out;
// in between, for everyone else, for access rules and in the store, it is part of the topic.
//
// A session may bring subscriptions along that were made elsewhere, and `a/#` also matches `a`: what
// does not lie below the prefix has no name for such a client, and is not sent to it.

import Basis
import MQTTCodec
import MQTTSession

extension Broker {
  /// The prefix of a connection; empty for most.
  func mountPoint(of connection: Slot<Connection>) -> [UInt8] {
    if !connections[connection].isMounted { return [] }
    return connections[connection].extras?.mountPoint ?? []
  }

  /// A topic as everyone else knows it.
  func mounted(_ topic: Span<UInt8>, on connection: Slot<Connection>) -> [UInt8] {
    mountPoint(of: connection) + array(topic)
  }

  /// A filter as everyone else knows it, in its share where it has one.
  func mounted(_ filter: String, on connection: Slot<Connection>) -> String {
    if !connections[connection].isMounted { return filter }
    let prefix = String(decoding: mountPoint(of: connection), as: UTF8.self)
    guard let shared = Topic.shared(filter) else { return prefix + filter }
    return "$share/\(shared.group)/\(prefix)\(shared.filter)"
  }

  /// A will with the topic that everyone else knows.
  func mounted(_ will: Will?, on connection: Slot<Connection>) -> Will? {
    guard var will, connections[connection].isMounted else { return will }
    will.topic = mounted(will.topic, on: connection)
    return will
  }

  /// Whether a topic has no name for the client of a connection.
  @inline(__always) func isOutside(_ topic: Span<UInt8>, _ connection: Slot<Connection>) -> Bool {
    connections[connection].isMounted && !isBelowMountPoint(topic, connection)
  }

  private func isBelowMountPoint(_ topic: Span<UInt8>, _ connection: Slot<Connection>) -> Bool {
    let prefix = mountPoint(of: connection)
    return topic.count > prefix.count
      && areEqual(topic.extracting(0..<prefix.count), prefix.span)
  }
}
