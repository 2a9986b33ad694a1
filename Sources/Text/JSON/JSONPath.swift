// A way into a JSON text: `$.a.b[0]`, the part of RFC 9535 that names exactly one place. A member's
// name that is no plain word stands in quotes: `$['total power'].watts`. A negative index counts
// from the end of an array.
//
//   path    = "$" *( "." name / "[" index "]" / "['" text "']" / "[\"" text "\"]" )
//   name    = letters, digits, "_", "-" and everything beyond ASCII

import Basis

/// A place in a JSON text.
package struct JSONPath: Equatable, Sendable {
  /// One step into a value.
  package enum Step: Equatable, Sendable {
    /// The member of an object with this name, as bytes; the last one where it is repeated.
    case member([UInt8])
    /// The element of an array; negative counts from its end.
    case element(Int)
  }

  /// The steps from the whole text on; none is the whole text.
  package var steps: [Step]

  /// Joins the steps.
  package init(_ steps: [Step]) { self.steps = steps }

  /// Reads a path that is all of `text`.
  ///
  /// - Throws: where it ceases to be one, and what was expected there.
  package init(_ text: String) throws(JSONPathFault) {
    var reader = JSONPathReader(bytes: Array(text.utf8))
    steps = try reader.path()
    if reader.position < reader.bytes.count {
      throw reader.fault("expected . or [ or the end of the path")
    }
  }

  /// Reads the path at the front of `bytes`; `count` is its length.
  package static func prefix(
    of bytes: [UInt8], from start: Int = 0
  ) throws(JSONPathFault) -> (path: JSONPath, count: Int) {
    var reader = JSONPathReader(bytes: bytes, position: start)
    return (JSONPath(try reader.path()), reader.position - start)
  }

  /// What stands at this place of `value`; nil when there is no such place.
  package func value(in value: JSONValue) -> JSONValue? {
    var value = value
    for step in steps {
      guard let next = step.member(of: value)?.value ?? step.element(of: value) else { return nil }
      value = next
    }
    return value
  }

  /// Which bytes of `text`, which was read as `value`, stand at this place; nil when there is no
  /// such place.
  package func range(in value: JSONValue, of text: [UInt8]) -> Range<Int>? {
    var value = value
    var reader = JSONReader(bytes: text, position: text.withoutByteOrderMark.startIndex)
    reader.skipBlanks()
    let start = reader.position
    guard reader.value(depth: 0) != nil else { return nil }
    var range = start..<reader.position
    for step in steps {
      if let member = step.member(of: value) {
        (value, range) = (member.value, member.valueRange)
      } else if let element = step.element(of: value) {
        var reader = JSONReader(bytes: text, position: range.lowerBound)
        var ranges: [Range<Int>] = []
        guard reader.elements(0, { ranges.append($1) }), let place = step.place(in: ranges) else {
          return nil
        }
        (value, range) = (element, ranges[place])
      } else {
        return nil
      }
    }
    return range
  }
}

extension JSONPath.Step {
  fileprivate func member(of value: JSONValue) -> JSONValue.Member? {
    guard case .member(let name) = self, case .object(let members) = value else { return nil }
    return members.last { $0.name == name }
  }

  fileprivate func element(of value: JSONValue) -> JSONValue? {
    guard case .array(let elements) = value else { return nil }
    return place(in: elements).map { elements[$0] }
  }

  /// Which of the elements is meant.
  fileprivate func place(in elements: [some Any]) -> Int? {
    guard case .element(let index) = self else { return nil }
    let place = index < 0 ? elements.count + index : index
    return elements.indices.contains(place) ? place : nil
  }
}

extension JSONPath: CustomStringConvertible {
  /// The path as it is written; names stand in quotes where they must.
  package var description: String {
    steps.reduce(into: "$") { text, step in
      switch step {
      case .element(let index): text += "[\(index)]"
      case .member(let name) where !name.isEmpty && name.allSatisfy(isNameByte):
        text += "." + String(decoding: name, as: UTF8.self)
      case .member(let name):
        var quoted: [UInt8] = []
        for byte in name {
          if byte == UInt8(ascii: "'") || byte == UInt8(ascii: "\\") {
            quoted.append(UInt8(ascii: "\\"))
          }
          quoted.append(byte)
        }
        text += "['\(String(decoding: quoted, as: UTF8.self))']"
      }
    }
  }
}

/// Text that is not a path into JSON.
package struct JSONPathFault: Error, Equatable, Sendable, CustomStringConvertible {
  /// The byte at which no path goes on like this.
  package var offset: Int
  /// What was expected there, without a full stop.
  package var explanation: String

  package var description: String { "\(explanation) at byte \(offset + 1)" }
}

private func isNameByte(_ byte: UInt8) -> Bool {
  switch byte {
  case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"), 0x80...0xFF:
    true
  case _: false
  }
}

/// Reads a path byte by byte.
private struct JSONPathReader {
  let bytes: [UInt8]
  var position = 0

  init(bytes: [UInt8], position: Int = 0) {
    self.bytes = bytes
    self.position = position
  }

  private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

  func fault(_ explanation: String) -> JSONPathFault {
    JSONPathFault(offset: position, explanation: explanation)
  }

  mutating func path() throws(JSONPathFault) -> [JSONPath.Step] {
    guard next == UInt8(ascii: "$") else {
      throw fault("a path into JSON begins with $, as in $.temperature;")
    }
    position += 1
    var steps: [JSONPath.Step] = []
    while true {
      switch next {
      case UInt8(ascii: "."):
        position += 1
        steps.append(.member(try name()))
      case UInt8(ascii: "["):
        position += 1
        steps.append(try bracketed())
      case _:
        return steps
      }
    }
  }

  private mutating func name() throws(JSONPathFault) -> [UInt8] {
    let start = position
    while let byte = next, isNameByte(byte) { position += 1 }
    if position == start {
      throw fault("expected a name after the dot; one with other letters stands in ['quotes'];")
    }
    return Array(bytes[start..<position])
  }

  private mutating func bracketed() throws(JSONPathFault) -> JSONPath.Step {
    let step: JSONPath.Step
    if next == UInt8(ascii: "'") || next == UInt8(ascii: "\"") {
      step = .member(try quoted())
    } else {
      let start = position
      while let byte = next, byte != UInt8(ascii: "]") { position += 1 }
      let text = String(decoding: bytes[start..<position], as: UTF8.self)
      guard let index = Int(text), !text.hasPrefix("+") else {
        position = start
        throw fault("expected a number or a name in quotes between [ and ]")
      }
      step = .element(index)
    }
    guard next == UInt8(ascii: "]") else { throw fault("expected ]") }
    position += 1
    return step
  }

  /// What stands between two quotes; a backslash takes the byte after it as it is.
  private mutating func quoted() throws(JSONPathFault) -> [UInt8] {
    let quote = next
    position += 1
    var name: [UInt8] = []
    while let byte = next, byte != quote {
      position += 1
      if byte == UInt8(ascii: "\\"), let escaped = next {
        position += 1
        name.append(escaped)
      } else {
        name.append(byte)
      }
    }
    guard next == quote else { throw fault("the quoted name does not end") }
    position += 1
    return name
  }
}
