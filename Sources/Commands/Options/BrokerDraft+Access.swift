// The rows of `mqtt broker` about users and what they may do; they hold for all listeners, those of
// a configuration file too.

import MQTTBroker
import MQTTCodec

extension BrokerDraft {
  /// Users and access.
  static let accessOptions: [Option<BrokerDraft>] = [
    .value(
      "passwords", aliases: ["password-file"], "FILE", .file, example: "passwords",
      "let in who is in FILE, with the right password",
      manual: """
        FILE has a line for each user, as mosquitto_passwd and mqtt broker passwd write them: \
        SHA-512, PBKDF2 or Argon2id.
        """
    ) { (draft, text) throws(ValueFault) in
      let path = try Values.name(text, "a path")
      draft.set("--passwords") { $0.access.passwordFile = path }
    },
    .value(
      "acl", aliases: ["acl-file"], "FILE", .file, example: "acl",
      "topics that users may publish and receive, as mosquitto's acl_file",
      manual: "A file of mosquitto's dynamic security plugin, in JSON, is taken as well."
    ) { (draft, text) throws(ValueFault) in
      let path = try Values.name(text, "a path")
      draft.set("--acl") { $0.access.aclFile = path }
    },
    .flag(
      "acl-extensions", "let FILE of --acl say subscribe, readdeny and writedeny, too",
      manual: "mosquitto does not know these words."
    ) { $0.set("--acl-extensions") { $0.access.allowsExtensions = true } },
    .flag("check-subscriptions", "refuse filters of which nothing may ever be received") {
      $0.set("--check-subscriptions") { $0.access.checksSubscriptions = true }
    },
    .value(
      "allow-anonymous", "BOOLEAN", .choices(["true", "false"]), example: "true",
      default: "true without --passwords", "whether clients without a user name get in"
    ) { (draft, text) throws(ValueFault) in
      let isAllowed = try Values.truth(text)
      draft.set("--allow-anonymous") { $0.access.allowsAnonymous = isAllowed }
    },
    .flag("no-anonymous", "the same as --allow-anonymous false") {
      $0.set("--no-anonymous") { $0.access.allowsAnonymous = false }
    },
    choice(
      "allow-empty-passwords", \.allowsEmptyPasswords,
      "whether a user whose password is the empty one gets in with it"),
    .value(
      "client-id-owner", "OWNER", .choices(ClientIdentifierOwner.allCases.map(\.rawValue)),
      example: "any", default: "user",
      "who may go on with the session of a client identifier",
      manual: """
        user: the one that made it, known by user name or certificate; clients without a name are \
        those of listeners with the same rules. Somebody else is refused with reason code 0x85, \
        before MQTT 5 with return code 2, and the log says so. any: whoever names the identifier, \
        for devices whose user name changes; the log says when a session changes hands. Messages \
        that the new client may not receive wait until one comes that may.
        """
    ) { (draft, text) throws(ValueFault) in
      draft.options.configuration.clientIdentifierOwner = try Values.choice(
        text, ["user": .user, "any": .anybody])
    },
    .value(
      "clientid-prefixes", "PREFIX", example: "sensor-", repeatable: true,
      "take client identifiers that begin so, and no others"
    ) { (draft, text) throws(ValueFault) in
      let prefix = try Values.ofTwoLengthBytes(try Values.name(text, "a prefix"))
      draft.add(prefix, to: \.access.clientIdentifierPrefixes, "--clientid-prefixes")
    },
    .value(
      "use-username-as-clientid", "BOOLEAN", .choices(["true", "false"]), example: "true",
      default: "false", "whether the user name takes the place of the client identifier",
      manual: "Then nobody can take over the session of another user. Who has no name is refused."
    ) { (draft, text) throws(ValueFault) in
      let isUsed = try Values.truth(text)
      draft.set("--use-username-as-clientid") {
        $0.access.usesUserNameAsClientIdentifier = isUsed
      }
    },
    choice(
      "check-retain-source", \.checksRetainSource,
      "keep back retained messages that their publisher may not publish now"),
    bound(
      "login-failures", "COUNT", \.loginFailureLimit, 0...1_000_000,
      "failed logins of an address before its next ones wait; 0 is never",
      manual: "They wait one behind the other, twice as long after each failure."),
    bound(
      "login-delay-limit", "SECONDS", \.loginDelayLimitSeconds, 1...3600,
      "longest wait between two such logins"),
  ]

  /// Limits that hold before anybody has said who he is.
  static let loginLimits: [Option<BrokerDraft>] = [
    bound(
      "max-unidentified-connections", "COUNT", \.unidentifiedConnectionLimit, 1...(.max),
      "connections without CONNECT; beyond, the one silent longest is closed"),
    bound(
      "max-connections-per-address", "COUNT", \.connectionsPerAddressLimit, 0...(.max),
      "connections from one address; 0 is no limit",
      manual: "An IPv6 network of 64 bits counts as one address."),
    bound(
      "max-connect-size", "BYTES", \.connectPacketSizeLimit, 20...FixedHeader.longestPacket,
      "longest packet that is taken before a client is in"),
    bound(
      "max-waiting-logins", "COUNT", \.waitingLoginLimit, 1...(.max),
      "logins whose password waits to be checked"),
    bound(
      "max-cached-decisions", "COUNT", \.decisionCacheLimit, 1...(.max),
      "decisions of the access list that are remembered, all clients together"),
  ]
}
