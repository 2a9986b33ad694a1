// What a client wants to do, and who it is.

import Basis
import MQTTCodec

/// What access is asked for.
package enum AccessAction: Int, CaseIterable, Sendable {
  /// The client sends a message to a topic.
  case publish
  /// The client is sent a message of a topic.
  case deliver
  /// The client asks for the messages of a filter.
  case subscribe
  /// The client asks for them no longer.
  case unsubscribe
}

/// Several actions.
package struct AccessActions: OptionSet, Sendable {
  package let rawValue: UInt8

  package init(rawValue: UInt8) { self.rawValue = rawValue }

  /// The set that holds nothing but `action`.
  package init(_ action: AccessAction) { rawValue = 1 << UInt8(action.rawValue) }

  package static let publish = AccessActions(.publish)
  package static let deliver = AccessActions(.deliver)
  package static let subscribe = AccessActions(.subscribe)
  package static let unsubscribe = AccessActions(.unsubscribe)
}

/// Who asks.
package struct AccessSubject: Hashable, Sendable {
  package var clientIdentifier: String
  /// Nil for a client that gave none; an empty name counts as none.
  package var userName: String?

  /// Joins the parts.
  package init(clientIdentifier: String, userName: String?) {
    self.clientIdentifier = clientIdentifier
    self.userName = userName
  }

  package static func == (left: AccessSubject, right: AccessSubject) -> Bool {
    left.clientIdentifier.exact == right.clientIdentifier.exact
      && left.userName?.exact == right.userName?.exact
  }

  package func hash(into hasher: inout Hasher) {
    hasher.combine(clientIdentifier.exact)
    hasher.combine(userName?.exact)
  }
}
