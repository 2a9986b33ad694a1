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

  /// The name of the account that this process has, or its number where there is no name.
  package static var ownName: String {
    let number = geteuid()
    return lines(of: "/etc/passwd").first { $0.count > 2 && UInt32($0[2]) == number }?[0]
      ?? "number \(number)"
  }

  /// Why this account could not make files in `directory`, or make that; nil if it could.
  ///
  /// As root it takes on the account for a moment, which is for a process of one thread.
  package func fault(ofWritingIn directory: String) -> SystemError? {
    var place = directory
    while access(place, F_OK) != 0, errno == ENOENT {
      let slash = place.lastIndex(of: "/")
      place = slash.map { $0 == place.startIndex ? "/" : String(place[..<$0]) } ?? "."
    }
    let isTaken = Self.isRoot && setegid(group) == 0 && seteuid(user) == 0
    defer { if isTaken { _ = (seteuid(0), setegid(0)) } }
    if faccessat(AT_FDCWD, place, W_OK | X_OK, AT_EACCESS) == 0 { return nil }
    return SystemError(code: errno, call: "write as \(name)", subject: directory)
  }

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
