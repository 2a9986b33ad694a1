// From what a command line or a configuration file says about access to a policy of the engine: the
// files are read here. Used at the start and whenever the settings are read again.

import AccessControl
import Glibc
import MQTTBroker
import Settings
import Transport

/// Why a broker cannot start, said so that it can be put right.
struct BrokerStartFailure: Error, Equatable, CustomStringConvertible {
  var description: String
}

/// What there is to say about a file of users or rights.
struct AccessFileNote {
  /// What names the file.
  var setting: AccessFiles.Name
  var path: String
  var text: String
  /// Whether the file cannot be used.
  var isFault: Bool
}

/// Reads the files of users and rights.
enum AccessFiles {
  /// The setting that names a file.
  typealias Name = any KeyPath<ListenerSetup, String?> & Sendable

  /// The policy that `setup` asks for; `tell` is told of files that cannot be used, and of lines
  /// that are left out.
  static func policy(_ setup: ListenerSetup, tell: (AccessFileNote) -> Void) -> ListenerPolicy {
    var policy = setup.policy
    let name: Name = \.access.passwordFile
    if let path = setup[keyPath: name], let bytes = contents(path, name, "password file", tell) {
      let file = PasswordFile(parsing: bytes, file: path)
      for fault in file.faults { tell(.line(path, name, "\(fault); this user cannot log in")) }
      policy.passwords = file
    }
    read(\.access.aclFile, "access list", setup, into: &policy, tell)
    // The plugin's file has the last word, as it is asked first.
    read(\.access.dynamicSecurityFile, "dynamic security", setup, into: &policy, tell)
    policy.allowsAnonymous = setup.access.allowsAnonymous ?? (policy.passwords == nil)
    return policy
  }

  /// Takes the rules of a file; one of dynamic security has accounts too.
  private static func read(
    _ name: Name, _ what: String, _ setup: ListenerSetup, into policy: inout ListenerPolicy,
    _ tell: (AccessFileNote) -> Void
  ) {
    guard let path = setup[keyPath: name], let bytes = contents(path, name, what, tell)
    else { return }
    do throws(AccessFileErrors) {
      if DynamicSecurity.isLikely(bytes) {
        let source = try DynamicSecurity(parsing: bytes, name: path)
        policy.access = AccessList(source)
        // With `acl` the passwords may stand in a file of their own.
        if policy.passwords == nil || setup.access.dynamicSecurityFile == path {
          let accounts = PasswordFile(source)
          for fault in accounts.faults {
            tell(.line(path, name, "\(fault); this user cannot log in"))
          }
          policy.passwords = accounts
        }
        return
      }
      let file = try AccessFile(
        parsing: bytes, name: path, allowsExtensions: setup.access.allowsExtensions)
      for notice in file.notices { tell(.line(path, name, "\(notice)")) }
      policy.access = AccessList(file)
    } catch {
      tell(AccessFileNote(setting: name, path: path, text: "\(error)", isFault: true))
    }
  }

  /// The keys of a file of pre-shared keys; nil when it cannot be read.
  static func preSharedKeys(_ path: String, tell: (AccessFileNote) -> Void) -> PreSharedKeyFile? {
    guard let bytes = contents(path, \.access.pskFile, "file of pre-shared keys", tell) else {
      return nil
    }
    let file = PreSharedKeyFile(parsing: bytes, file: path)
    for fault in file.faults {
      tell(.line(path, \.access.pskFile, "\(fault); this identity cannot connect"))
    }
    return file
  }

  private static func contents(
    _ path: String, _ setting: Name, _ what: String, _ tell: (AccessFileNote) -> Void
  ) -> [UInt8]? {
    if let bytes = WholeFile.contents(path) { return bytes }
    let error = errno
    tell(
      AccessFileNote(
        setting: setting, path: path,
        text: "cannot read the \(what) \(path): \(String(cString: strerror(error)))"
          + (error == EACCES ? " for the account \(Account.ownName)" : ""),
        isFault: true))
    return nil
  }
}

extension AccessFileNote {
  /// About lines that are left out.
  fileprivate static func line(_ path: String, _ setting: AccessFiles.Name, _ text: String) -> Self
  {
    AccessFileNote(setting: setting, path: path, text: text, isFault: false)
  }
}
