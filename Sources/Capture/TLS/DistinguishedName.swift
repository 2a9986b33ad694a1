// Whom a certificate is for: its subject and its alternative names, read out of DER (X.690) without
// checking anything. Control characters never get out of here; a certificate is written by anyone.

import Basis
import Text

/// Reads names out of certificates.
enum DistinguishedName {
  private static let sequence: UInt8 = 0x30
  private static let objectIdentifier: UInt8 = 0x06
  /// 2.5.29.17, subjectAltName.
  private static let alternativeNames: [UInt8] = [0x55, 0x1D, 0x11]

  /// The subject as `CN=broker.example, O=Example (broker.example, 10.0.0.1)`; nil when the bytes
  /// are no certificate.
  static func subject(_ certificate: ArraySlice<UInt8>) -> String? {
    var outer = DERCursor(certificate)
    guard let whole = outer.next(), whole.tag == sequence else { return nil }
    var inner = DERCursor(whole.content)
    guard let body = inner.next(), body.tag == sequence else { return nil }
    var fields = DERCursor(body.content)
    // The version may be left out; serial number, algorithm, issuer and validity follow.
    guard let first = fields.next() else { return nil }
    let left = first.tag == 0xA0 ? 4 : 3
    for _ in 0..<left where fields.next() == nil { return nil }
    guard let subject = fields.next(), subject.tag == sequence else { return nil }
    let name = attributes(subject.content)
    var others: [String] = []
    while let field = fields.next() {
      if field.tag == 0xA3 { others = alternatives(field.content) }
    }
    if others.isEmpty { return name }
    return (name.isEmpty ? "" : name + " ") + "(" + others.joined(separator: ", ") + ")"
  }

  /// UTF-8, with what is not printable replaced.
  static func text(_ bytes: ArraySlice<UInt8>) -> String {
    var scalars = String.UnicodeScalarView()
    for scalar in String(decoding: bytes, as: UTF8.self).unicodeScalars {
      scalars.append(scalar.isControl ? "\u{FFFD}" : scalar)
    }
    return String(scalars)
  }

  private static func attributes(_ content: ArraySlice<UInt8>) -> String {
    var parts: [String] = []
    var sets = DERCursor(content)
    while let set = sets.next() {
      var members = DERCursor(set.content)
      while let member = members.next() {
        var pair = DERCursor(member.content)
        guard let type = pair.next(), type.tag == objectIdentifier, let value = pair.next() else {
          continue
        }
        parts.append("\(name(type.content))=\(text(value.content))")
      }
    }
    return parts.joined(separator: ", ")
  }

  private static func name(_ identifier: ArraySlice<UInt8>) -> String {
    if identifier.count == 3, identifier.starts(with: [0x55, 0x04]), let last = identifier.last {
      switch last {
      case 3: return "CN"
      case 5: return "serialNumber"
      case 6: return "C"
      case 7: return "L"
      case 8: return "ST"
      case 10: return "O"
      case 11: return "OU"
      default: return "2.5.4.\(last)"
      }
    }
    return "OID" + identifier.map(\.hexadecimal).joined()
  }

  private static func alternatives(_ content: ArraySlice<UInt8>) -> [String] {
    var outer = DERCursor(content)
    guard let list = outer.next() else { return [] }
    var extensions = DERCursor(list.content)
    while let member = extensions.next() {
      var parts = DERCursor(member.content)
      guard let type = parts.next(), type.content.elementsEqual(alternativeNames) else { continue }
      var value = parts.next()
      if value?.tag == 0x01 { value = parts.next() }  // critical
      guard let value else { return [] }
      var names = DERCursor(value.content)
      guard let sequence = names.next() else { return [] }
      return members(sequence.content)
    }
    return []
  }

  private static func members(_ content: ArraySlice<UInt8>) -> [String] {
    var cursor = DERCursor(content)
    var names: [String] = []
    while let name = cursor.next() {
      switch name.tag {
      case 0x81, 0x82, 0x86: names.append(text(name.content))
      case 0x87 where name.content.count == 4:
        names.append(name.content.map { String($0) }.joined(separator: "."))
      case 0x87 where name.content.count == 16:
        names.append(IPAddress(version6: Array(name.content).span, at: 0).description)
      default: break  // Other kinds of name are for other purposes.
      }
    }
    return names
  }
}

/// A cursor over DER: tags, lengths, contents.
struct DERCursor {
  private var rest: ArraySlice<UInt8>

  init(_ bytes: ArraySlice<UInt8>) { rest = bytes }

  /// The next element; nil at the end and for what is none.
  mutating func next() -> (tag: UInt8, content: ArraySlice<UInt8>)? {
    guard rest.count >= 2 else { return nil }
    let tag = rest[rest.startIndex]
    var length = Int(rest[rest.startIndex + 1])
    var start = rest.startIndex + 2
    if length >= 0x80 {
      let size = length & 0x7F
      if size > 3 || rest.endIndex - start < size { return nil }
      length = rest[start..<start + size].reduce(0) { $0 << 8 | Int($1) }
      start += size
    }
    if rest.endIndex - start < length { return nil }
    defer { rest = rest[(start + length)...] }
    return (tag, rest[start..<start + length])
  }
}
