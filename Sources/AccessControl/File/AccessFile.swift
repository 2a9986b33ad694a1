// An ACL file of mosquitto, read as mosquitto 2.0.11 reads it (tried with the program itself):
//
// - Blanks, tabs and returns at the end of a line are cut; a line that begins with # is a comment,
//   and only then; empty lines mean nothing.
// - Words are parted by blanks, one or more; a tab parts nothing. The first word is `user`, `topic`
//   or `pattern`, in small letters.
// - After `topic` and `pattern` the access word may be left out, which means readwrite, but only
//   when the filter holds no blank. Otherwise everything after the access word is the filter.
// - `topic` lines belong to the last `user` line, before the first one to clients without a user
//   name; the lines of one user are one list wherever they stand. `pattern` lines are for everyone.
// - Filters obey 4.7.1 and have at most 200 slashes.
//
// Unlike there, every mistake is found in one go, and a U+0000 is one: there it hides the rest of
// the line.

import MQTTCodec

/// The rules of one file, in the order of its lines.
package struct AccessFile: Equatable, Sendable {
  /// What it is called in messages.
  package var name: String
  package var rules: [AccessRule] = []
  /// The names of `user` lines, each with the first line that has it, also of those without rules.
  package var users: [UserLine] = []
  /// What is allowed but hardly meant.
  package var notices: [AccessFileError] = []

  /// A `user` line.
  package struct UserLine: Equatable, Sendable {
    package var name: [UInt8]
    package var line: Int
    package var column: Int
  }

  /// Slashes in a filter, as many as mosquitto takes.
  package static let slashLimit = 200
  /// Bytes in a filter.
  package static let filterLimit = 65_535

  /// Reads a whole file.
  ///
  /// - Parameters:
  ///   - name: what the file is called in messages.
  ///   - allowsExtensions: whether the access words `subscribe`, `readdeny` and `writedeny` are
  ///     known, which mosquitto does not have.
  package init(
    parsing bytes: [UInt8], name: String, allowsExtensions: Bool = false
  ) throws(AccessFileErrors) {
    self.name = name
    var reader = AccessFileReader(file: name, allowsExtensions: allowsExtensions)
    var number = 0
    var start = 0
    while start < bytes.count {
      let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) ?? bytes.count
      number += 1
      reader.take(bytes[start..<end], number: number)
      start = end + 1
    }
    if !reader.errors.isEmpty { throw AccessFileErrors(reader.errors) }
    rules = reader.rules
    users = reader.users
    notices = reader.notices
  }
}
