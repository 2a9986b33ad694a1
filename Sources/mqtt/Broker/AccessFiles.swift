// From what a command line or a configuration file says about access to a policy of the engine: the
// files are read here. Used at the start and whenever the settings are read again.

import AccessControl
import Commands
import Glibc
import MQTTBroker

/// Why a broker cannot start, said so that it can be put right.
struct BrokerStartFailure: Error, Equatable, CustomStringConvertible {
  var description: String
}

/// Reads the files of users and rights.
enum AccessFiles {
  /// The policy that `options` ask for; `warn` is told of lines that are left out.
  static func policy(_ options: AccessOptions, warn: (String) -> Void)
    throws(BrokerStartFailure) -> ListenerPolicy
  {
    var policy = ListenerPolicy()
    if let path = options.passwordFile {
      let file = PasswordFile(parsing: try contents(path, "password file"), file: path)
      for fault in file.faults { warn("\(fault); this user cannot log in") }
      policy.passwords = file
    }
    if let path = options.aclFile {
      try read(try contents(path, "access list"), path, options, into: &policy, warn)
    }
    // The plugin's file has the last word, as it is asked first.
    if let path = options.dynamicSecurityFile {
      try read(try contents(path, "dynamic security"), path, options, into: &policy, warn)
    }
    policy.allowsAnonymous = options.allowsAnonymous ?? (policy.passwords == nil)
    policy.checksSubscriptions = options.checksSubscriptions
    policy.usesUserNameAsClientIdentifier = options.usesUserNameAsClientIdentifier
    policy.clientIdentifierPrefixes = options.clientIdentifierPrefixes
    return policy
  }

  /// Takes the rules of a file; one of dynamic security has accounts too.
  private static func read(
    _ bytes: [UInt8], _ path: String, _ options: AccessOptions, into policy: inout ListenerPolicy,
    _ warn: (String) -> Void
  ) throws(BrokerStartFailure) {
    do throws(AccessFileErrors) {
      if DynamicSecurity.isLikely(bytes) {
        let source = try DynamicSecurity(parsing: bytes, name: path)
        policy.access = AccessList(source)
        // With `acl` the passwords may stand in a file of their own.
        if policy.passwords == nil || options.dynamicSecurityFile == path {
          let accounts = PasswordFile(source)
          for fault in accounts.faults { warn("\(fault); this user cannot log in") }
          policy.passwords = accounts
        }
        return
      }
      let file = try AccessFile(
        parsing: bytes, name: path, allowsExtensions: options.allowsExtensions)
      for notice in file.notices { warn("\(notice)") }
      policy.access = AccessList(file)
    } catch {
      throw BrokerStartFailure(description: "\(error)")
    }
  }

  /// The keys of a file of pre-shared keys.
  static func preSharedKeys(_ path: String, warn: (String) -> Void) throws(BrokerStartFailure)
    -> PreSharedKeyFile
  {
    let file = PreSharedKeyFile(parsing: try contents(path, "file of pre-shared keys"), file: path)
    for fault in file.faults { warn("\(fault); this identity cannot connect") }
    return file
  }

  private static func contents(_ path: String, _ what: String) throws(BrokerStartFailure)
    -> [UInt8]
  {
    if let bytes = WholeFile.contents(path) { return bytes }
    throw BrokerStartFailure(
      description: "cannot read the \(what) \(path): \(String(cString: strerror(errno)))")
  }
}
