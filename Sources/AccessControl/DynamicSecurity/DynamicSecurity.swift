// The file of mosquitto's dynamic-security plugin: clients and groups have roles, roles have rules.
//
//   { "defaultACLAccess": { "publishClientSend": false, ... },
//     "clients": [ { "username": "alice", "password": "...", "salt": "...", "iterations": 101,
//                    "roles": [ { "rolename": "sensor", "priority": 1 } ], "groups": [ ... ] } ],
//     "groups": [ { "groupname": "staff", "roles": [ ... ], "clients": [ ... ] } ],
//     "roles": [ { "rolename": "sensor", "acls": [
//        { "acltype": "publishClientSend", "topic": "s/%u/#", "priority": 0, "allow": true } ] } ],
//     "anonymousGroup": "guests" }
//
// A client's own roles are asked first, then its groups' in the order of their priorities, roles
// within a group and rules within a role in the order of theirs, the highest first, equals as they
// stand. The first rule that matches decides; where none does, the default of its kind of access.

import Basis
import Text

/// What a dynamic-security file holds.
package struct DynamicSecurity: Equatable, Sendable {
  /// A name with a priority.
  package struct Membership: Equatable, Sendable {
    package var name: [UInt8]
    package var priority: Int
  }

  /// Somebody who may log in.
  package struct Client: Equatable, Sendable {
    package var userName: [UInt8]
    /// The only client identifier with which it may log in; nil is any.
    package var clientIdentifier: [UInt8]?
    package var isDisabled = false
    /// As a line of a password file has it behind the colon; nil when it cannot log in.
    package var password: String?
    package var roles: [Membership] = []
    package var groups: [Membership] = []
    package var line: Int
  }

  /// Roles under one name.
  package struct Group: Equatable, Sendable {
    package var name: [UInt8]
    package var roles: [Membership] = []
    package var line: Int
  }

  /// Rules under one name.
  package struct Role: Equatable, Sendable {
    package var name: [UInt8]
    /// Numbers in `rules`, in the order in which they are asked.
    package var rules: [Int] = []
    /// Whether filters with wildcards may be subscribed to.
    package var allowsWildcards = true
    package var line: Int
  }

  /// What the file is called in messages.
  package var name: String
  package var clients: [Client] = []
  package var groups: [Group] = []
  package var roles: [Role] = []
  /// In the order of the file.
  package var rules: [AccessRule] = []
  /// What is allowed where no rule matches.
  package var allowedByDefault: AccessActions = []
  package var anonymousGroup: [UInt8]?

  /// Whether `bytes` are a file of this kind and no ACL file: it begins with a brace.
  package static func isLikely(_ bytes: [UInt8]) -> Bool {
    bytes.withoutByteOrderMark.first { !$0.isBlankOfC } == UInt8(ascii: "{")
  }

  /// Reads a whole file, or tells everything that is wrong with it.
  package init(parsing bytes: [UInt8], name: String) throws(AccessFileErrors) {
    self.name = name
    var reader = DynamicSecurityReader(bytes: bytes, file: name)
    do throws(JSONFault) {
      reader.read(try JSONValue.parse(bytes))
    } catch {
      reader.fail(
        error.offset, "no JSON text goes on like this",
        "restore the file as the plugin wrote it, or put commas, quotes and braces right")
    }
    if !reader.errors.isEmpty {
      throw AccessFileErrors(
        reader.errors.enumerated().sorted {
          ($0.element.line, $0.element.column, $0.offset)
            < ($1.element.line, $1.element.column, $1.offset)
        }.map(\.element))
    }
    clients = reader.clients
    groups = reader.groups
    roles = reader.roles
    rules = reader.rules
    allowedByDefault = reader.allowedByDefault
    anonymousGroup = reader.anonymousGroup
  }
}
