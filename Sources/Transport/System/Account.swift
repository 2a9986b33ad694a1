// Accounts of this machine, read from /etc/passwd and /etc/group themselves: the C library's own
// lookup loads modules at run time, which a static executable cannot.

import CLinux
import Glibc

/// An account and the groups that it is in.
package struct Account: Equatable, Sendable {
  package let name: String
  package let user: UInt32
  package let group: UInt32
  /// All its groups, the one above included.
  package let groups: [UInt32]

  /// The account of a name; nil when there is none.
  package init?(named name: String) {
    guard let fields = Self.lines(of: "/etc/passwd").first(where: { $0[0] == name }),
      fields.count > 3, let user = UInt32(fields[2]), let group = UInt32(fields[3])
    else { return nil }
    self.name = name
    self.user = user
    self.group = group
    let others = Self.lines(of: "/etc/group").compactMap { fields -> UInt32? in
      guard fields.count > 3, fields[3].split(separator: ",").contains(Substring(name))
      else { return nil }
      return UInt32(fields[2])
    }
    groups = [group] + others.filter { $0 != group }
  }

  /// Whether this process has root's rights.
  package static var isRoot: Bool { geteuid() == 0 }

  /// Gives up this process's account for this one, for good.
  package func become() throws(SystemError) {
    if linux_become(user, group, groups, groups.count) < 0 {
      throw SystemError.last("setuid", name)
    }
  }

  private static func lines(of path: String) -> [[String]] {
    SystemFile.text(path).split(separator: "\n").map { line in
      line.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
    }
  }
}
