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
      let bytes = try contents(path, "access list")
      do throws(AccessFileErrors) {
        let file = try AccessFile(parsing: bytes, name: path)
        for notice in file.notices { warn("\(notice)") }
        policy.access = AccessList(file)
      } catch {
        throw BrokerStartFailure(description: "\(error)")
      }
    }
    policy.allowsAnonymous = options.allowsAnonymous ?? (options.passwordFile == nil)
    policy.usesUserNameAsClientIdentifier = options.usesUserNameAsClientIdentifier
    policy.clientIdentifierPrefixes = options.clientIdentifierPrefixes
    return policy
  }

  private static func contents(_ path: String, _ what: String) throws(BrokerStartFailure)
    -> [UInt8]
  {
    if let bytes = WholeFile.contents(path) { return bytes }
    throw BrokerStartFailure(
      description: "cannot read the \(what) \(path): \(String(cString: strerror(errno)))")
  }
}
