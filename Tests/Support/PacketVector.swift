// Packets as bytes beside what they mean, in the files of the folder Vectors. One corpus serves the
// tests of the codec, in both directions, and tests that send the bytes through a socket.
//
// A file is a list of cases with an empty line between them, and lines that begin with # are notes:
//
//   a QoS 1 message [MQTT-2.2.1-2]        name, and the statements of the standard it is about
//   > 3.1.1 5.0                           > to the server, < to the client, <> both; the versions
//   32 { s"a/b" w7 "hi" }                 the bytes, in the language of ByteLanguage.swift
//   = PUBLISH qos=1 id=7 topic="a/b" payload='hi'      what it means, as PacketText.swift says it
//
// In the last line `=` also says that the value is encoded as exactly these bytes, `~` that it is
// not, because the bytes are not the shortest form; and `! 0x81 MQTT-1.5.4-1 @4 : words` that they
// are refused with this reason code and statement, at this offset, in these words (if given).

import Foundation
package import MQTTCodec

/// One case of the corpus, for one version and one direction.
package struct PacketVector: Sendable, CustomStringConvertible {
  /// What the bytes are.
  package enum Expectation: Equatable, Sendable {
    /// A packet, as text; canonical when encoding gives the same bytes.
    case packet(String, isCanonical: Bool)
    /// An error; the words are nil when the case leaves them open.
    case error(reasonCode: UInt8, statement: String, offset: Int, words: String?)
  }

  /// The file it stands in, `CONNECT`.
  package var file: String
  package var name: String
  /// Statements as in `MQTT-3.1.2-1`.
  package var statements: [String]
  package var version: ProtocolVersion
  package var direction: Direction
  package var bytes: [UInt8]
  package var expectation: Expectation

  package var description: String {
    let way = direction == .toServer ? "to server" : "to client"
    return "\(file): \(name) (\(versionText(version)), \(way))"
  }
}

/// What is wrong with a file of cases.
package struct PacketVectorError: Error, CustomStringConvertible {
  package var description: String
}

extension PacketVector {
  /// All cases of all files, in the order of the files' names.
  package static func all() throws -> [PacketVector] {
    let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Vectors")
    let files = try FileManager.default.contentsOfDirectory(atPath: folder.path)
    return try files.filter { $0.hasSuffix(".txt") }.sorted().flatMap { file in
      let text = try String(contentsOf: folder.appending(path: file), encoding: .utf8)
      return try parse(text, file: String(file.dropLast(4)))
    }
  }

  /// The cases of one file.
  package static func parse(_ text: String, file: String) throws -> [PacketVector] {
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
      .filter { !$0.hasPrefix("#") }
    return try lines.split(separator: "", omittingEmptySubsequences: true).flatMap {
      try parseCase($0.map(String.init), file: file)
    }
  }

  private static func parseCase(_ lines: [String], file: String) throws -> [PacketVector] {
    guard lines.count >= 4, let head = lines.first, let last = lines.last else {
      throw PacketVectorError(description: "\(file): a case has four lines: \(lines)")
    }
    let statements = head.split(separator: "[").dropFirst().compactMap {
      $0.split(separator: "]").first
    }
    let name = head.split(separator: "[").first.map { $0.trimmingCharacters(in: .whitespaces) }
    let words = lines[1].split(separator: " ")
    let directions: [Direction] =
      switch words.first {
      case ">": [.toServer]
      case "<": [.toClient]
      case "<>": [.toServer, .toClient]
      default: throw PacketVectorError(description: "\(file): no direction in \(lines[1])")
      }
    let content = try MQTTBytes.bytes(lines[2..<lines.count - 1].joined(separator: " "))
    let expectation = try parseExpectation(last, file: file)
    return try words.dropFirst().flatMap { word in
      guard let version = ProtocolVersion.allCases.first(where: { versionText($0) == word }) else {
        throw PacketVectorError(description: "\(file): no version \(word)")
      }
      return directions.map {
        PacketVector(
          file: file, name: name ?? "", statements: statements.map(String.init), version: version,
          direction: $0, bytes: content, expectation: expectation)
      }
    }
  }

  private static func parseExpectation(_ line: String, file: String) throws -> Expectation {
    let text = String(line.dropFirst(2))
    switch line.first {
    case "=": return .packet(text, isCanonical: true)
    case "~": return .packet(text, isCanonical: false)
    case "!":
      let parts = text.components(separatedBy: " : ")
      let words = parts[0].split(separator: " ")
      guard words.count == 3, let code = UInt8(words[0].dropFirst(2), radix: 16),
        let offset = Int(words[2].dropFirst())
      else { throw PacketVectorError(description: "\(file): not an error: \(line)") }
      return .error(
        reasonCode: code, statement: String(words[1]), offset: offset,
        words: parts.count == 2 ? parts[1] : nil)
    default: throw PacketVectorError(description: "\(file): no expectation: \(line)")
    }
  }
}

/// A name for the function that a property of the same name hides.
private enum MQTTBytes {
  static func bytes(_ text: String) throws(ByteLanguageError) -> [UInt8] {
    try TestSupport.bytes(text)
  }
}
