// The file of users and hashed passwords: `name:hash`, one a line; `#` in the first column begins a
// comment. As with mosquitto, a line that cannot be used locks out its user and nobody else: it is
// left out and told about, with file, line and column.

import Basis

/// One user of a password file.
package struct PasswordEntry: Equatable, Sendable {
  package var userName: String
  package var hash: PasswordHash
  /// The only client identifier that the user may have; nil for any.
  package var clientIdentifier: String?
  /// Counted from one.
  package var line: Int
}

/// A line of a password file that cannot be used.
package struct PasswordFileFault: Error, Equatable, Sendable, CustomStringConvertible {
  package var file: String
  /// Both counted from one.
  package var line: Int
  package var column: Int
  /// What was found and what was expected.
  package var problem: String

  /// `file:line:column: problem`.
  package var description: String { "\(file):\(line):\(column): \(problem)" }
}

/// All users of a password file.
package struct PasswordFile: Equatable, Sendable {
  /// Longest user name, as CONNECT can carry it.
  static let nameLimitBytes = 65_535

  /// In the order of the file.
  package private(set) var entries: [PasswordEntry] = []
  /// Lines that were left out.
  package private(set) var faults: [PasswordFileFault] = []
  /// By the bytes of the name: two spellings that look alike are two users.
  private var positions: [[UInt8]: Int] = [:]

  /// Reads the bytes of a file; `file` names it in faults.
  package init(parsing bytes: [UInt8], file: String) {
    let lines = bytes.withoutByteOrderMark.split(separator: 0x0A, omittingEmptySubsequences: false)
    for (index, line) in lines.enumerated() {
      do throws(PasswordLineFault) {
        guard let entry = try Self.entry(line, number: index + 1) else { continue }
        let name = Array(entry.userName.utf8)
        if let earlier = positions[name] {
          throw PasswordLineFault(
            0,
            "\"\(entry.userName)\" stands in line \(entries[earlier].line) already; that line counts"
          )
        }
        positions[name] = entries.count
        entries.append(entry)
      } catch {
        faults.append(
          PasswordFileFault(
            file: file, line: index + 1, column: error.offset + 1, problem: error.problem))
      }
    }
  }

  /// The accounts of a dynamic-security file; those that are disabled are left out.
  package init(_ source: DynamicSecurity) {
    for client in source.clients where !client.isDisabled {
      guard let text = client.password else { continue }
      do throws(PasswordHashFault) {
        let hash = try PasswordHash(parsing: Array(text.utf8)[...])
        let name = String(decoding: client.userName, as: UTF8.self)
        if positions[client.userName] != nil { continue }
        positions[client.userName] = entries.count
        entries.append(
          PasswordEntry(
            userName: name, hash: hash,
            clientIdentifier: client.clientIdentifier.map { String(decoding: $0, as: UTF8.self) },
            line: client.line))
      } catch {
        faults.append(
          PasswordFileFault(
            file: source.name, line: client.line, column: 1, problem: error.problem))
      }
    }
  }

  /// The entry of a user, nil when there is none.
  package func entry(of userName: String) -> PasswordEntry? {
    positions[Array(userName.utf8)].map { entries[$0] }
  }

  /// A hash to check the password of an unknown user against, so that nobody can tell from the time
  /// whether a user exists: always the same one for the same name, from among those of the file.
  package func decoy(for userName: String, seed: UInt64) -> PasswordHash {
    if entries.isEmpty {
      return PasswordHash(method: .sha512, salt: [0], digest: [])
    }
    // The FNV-1a hash, from a seed that differs in each process.
    var choice = 0xCBF2_9CE4_8422_2325 ^ seed
    for byte in userName.utf8 { choice = (choice ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
    return entries[Int((choice ^ choice >> 32) % UInt64(entries.count))].hash
  }

  /// The entry in a line; nil for a comment and an empty line.
  static func entry(_ line: ArraySlice<UInt8>, number: Int) throws(PasswordLineFault)
    -> PasswordEntry?
  {
    if line.first == UInt8(ascii: "#") { return nil }
    let line = trimmed(line)
    if line.isEmpty { return nil }
    guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else {
      throw PasswordLineFault(0, "expected USER:HASH, found no colon")
    }
    let name = trimmed(line[..<colon])
    guard let userName = String(validating: name, as: UTF8.self) else {
      throw PasswordLineFault(0, "the user name is not UTF-8")
    }
    if name.isEmpty { throw PasswordLineFault(0, "expected a user name before the colon") }
    if name.count > nameLimitBytes {
      throw PasswordLineFault(0, "the user name is longer than \(nameLimitBytes) bytes")
    }
    let rest = trimmed(line[(colon + 1)...])
    do throws(PasswordHashFault) {
      return PasswordEntry(
        userName: userName, hash: try PasswordHash(parsing: rest), line: number)
    } catch {
      throw PasswordLineFault(rest.startIndex - line.startIndex + error.offset, error.problem)
    }
  }

  /// Without the blanks of C at either end.
  static func trimmed(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    var bytes = bytes
    while bytes.first?.isBlankOfC == true { bytes.removeFirst() }
    while bytes.last?.isBlankOfC == true { bytes.removeLast() }
    return bytes
  }
}

/// What is wrong with a line, before it is known which.
struct PasswordLineFault: Error {
  var offset: Int
  var problem: String

  init(_ offset: Int, _ problem: String) {
    self.offset = offset
    self.problem = problem
  }
}
