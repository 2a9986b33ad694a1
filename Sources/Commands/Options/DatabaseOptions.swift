// Where `mqtt sub` and `mqtt pub` keep messages other than on the wire: a table of a SQLite database.

package import ClientStorage
import Text

extension Values {
  /// The name of a table that messages may be in.
  static func table(_ text: String) throws(ValueFault) -> String {
    let name = try name(text, "the name of a table")
    if name.lowercased().hasPrefix("sqlite_") || name.lowercased() == "mqtt_session" {
      throw .expected("a name that is not one of SQLite's or of mqtt's own tables")
    }
    return name
  }
}

extension PayloadColumn {
  /// Reads `temperature=$.temperature,pressure REAL=$.pressure`.
  static func list(_ text: String) throws(ValueFault) -> [PayloadColumn] {
    let bytes = Array(text.utf8)
    var columns: [PayloadColumn] = []
    var start = 0
    while true {
      guard let equals = bytes[start...].firstIndex(of: UInt8(ascii: "=")) else {
        throw .expected("a column and a path into the JSON, as in temperature=$.temperature")
      }
      let words = String(decoding: bytes[start..<equals], as: UTF8.self)
        .split(separator: " ", maxSplits: 1)
      guard let name = words.first else {
        throw .expected("the name of a column before =, as in temperature=$.temperature")
      }
      let path: JSONPath
      let count: Int
      do throws(JSONPathFault) {
        (path, count) = try JSONPath.prefix(of: bytes, from: equals + 1)
      } catch {
        throw ValueFault(error.description, example: "temperature=$.temperature")
      }
      let type = words.count == 2 ? String(words[1]) : ""
      // The type goes into CREATE TABLE as it stands.
      guard type.utf8.allSatisfy(isTypeByte) else {
        throw .expected("a type of SQL after the name, as in temperature REAL=$.temperature")
      }
      columns.append(PayloadColumn(name: String(name), type: type, path: path))
      start = equals + 1 + count
      if start == bytes.count { return columns }
      guard bytes[start] == UInt8(ascii: ",") else {
        throw .expected("a comma or the end after the path \(path)")
      }
      start += 1
    }
  }

  private static func isTypeByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: " "), UInt8(ascii: "("),
      UInt8(ascii: ")"), UInt8(ascii: "_"):
      true
    case _: false
    }
  }
}

/// A table of a SQLite database that received messages go into.
package struct DatabaseOptions: Equatable, Sendable {
  package var file: String
  package var table = "messages"
  package var columns: [PayloadColumn] = []

  /// The table `messages` of this file.
  package init(file: String) { self.file = file }
}

/// Where `mqtt sub` stores messages exactly once.
package enum MessageStoreOptions: Equatable, Sendable {
  case table(DatabaseOptions)
  case list(RedisListOptions)
}

/// What `mqtt pub` publishes exactly once, message by message.
package struct OutgoingQueueOptions: Equatable, Sendable {
  /// Where the messages wait.
  package enum Source: Equatable, Sendable {
    /// Rows of a table, which is made if `makesTable` says so.
    case table(file: String, table: String, makesTable: Bool)
    /// Elements of a list.
    case list(RedisListOptions)
  }

  package var source: Source
  /// Whether the command ends when nothing waits.
  package var endsWhenEmpty = false

  /// Messages of `source`.
  package init(_ source: Source) { self.source = source }

  /// Messages under way at once unless `-M` says otherwise: enough for a commit of many.
  static let inFlightLimit: UInt16 = 1000
}
