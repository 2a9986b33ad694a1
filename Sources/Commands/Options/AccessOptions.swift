// Who gets in and what they may do, as a command line or a configuration file says it.

/// Who gets in and what they may do.
package struct AccessOptions: Equatable, Sendable {
  /// Whether clients without a user name get in; nil leaves it to the rest: yes unless there is a
  /// password file.
  package var allowsAnonymous: Bool?
  package var passwordFile: String?
  package var aclFile: String?
  /// Whether `aclFile` may hold the words that mosquitto does not know.
  package var allowsExtensions = false
  /// Whether a subscription is refused of which nothing could ever be delivered.
  package var checksSubscriptions = false
  /// Identities and keys of TLS-PSK.
  package var pskFile: String?
  /// JSON of the dynamic security plugin.
  package var dynamicSecurityFile: String?
  /// Whether a client may leave its identifier empty, and what identifiers that are assigned begin
  /// with; nil where a listener does not say so itself.
  package var allowsEmptyClientIdentifier: Bool?
  package var assignedIdentifierPrefix: String?
  /// What client identifiers must begin with, one of these; empty is anything.
  package var clientIdentifierPrefixes: [String] = []
  /// Whether the user name takes the place of the client identifier; who has none is refused.
  package var usesUserNameAsClientIdentifier = false

  /// Nothing is said.
  package init() {}
}
