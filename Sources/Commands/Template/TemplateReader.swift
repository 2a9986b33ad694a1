// Reading a template: text and places in turn, each place a word and its arguments, which are
// checked here once and for all, so that making a message cannot fail.

import Basis
import Text

/// Reads a template from front to back.
struct TemplateReader {
  /// Bytes of random text that one place may make.
  private static let lengthLimit = 1_000_000
  /// Numbers beyond this are not exact in a double.
  private static let numberLimit = 9e15

  /// A word of a place and where it stands.
  struct Word {
    var text: String
    var offset: Int
    var isQuoted: Bool
  }

  private let text: String
  private let bytes: [UInt8]
  private var position = 0

  init(_ text: String) {
    self.text = text
    bytes = Array(text.utf8)
  }

  /// All pieces of the text.
  mutating func pieces() throws(TemplateFault) -> [Template.Piece] {
    var pieces: [Template.Piece] = []
    var start = 0
    while position < bytes.count {
      guard isAt("{{") else {
        position += 1
        continue
      }
      if start < position { pieces.append(.literal(Array(bytes[start..<position]))) }
      pieces.append(.place(try place()))
      start = position
    }
    if start < bytes.count { pieces.append(.literal(Array(bytes[start...]))) }
    return pieces
  }

  private func isAt(_ mark: String) -> Bool { bytes[position...].starts(with: mark.utf8) }

  private func fault(_ offset: Int, _ explanation: String) -> TemplateFault {
    TemplateFault(text: text, offset: offset, explanation: explanation)
  }

  private mutating func place() throws(TemplateFault) -> TemplateFunction {
    let start = position
    position += 2
    var words: [Word] = []
    while true {
      while position < bytes.count, bytes[position] <= 0x20 { position += 1 }
      if position == bytes.count { throw fault(start, "{{ has no }} after it") }
      if isAt("}}") { break }
      words.append(try word(placeAt: start))
    }
    let end = position
    position += 2
    guard let first = words.first else {
      throw fault(end, "expected a function, as in {{now}}")
    }
    if first.isQuoted {
      if words.count > 1 { throw fault(words[1].offset, "expected }} after a text") }
      return .text(first.text)
    }
    var arguments = Arguments(words: words.dropFirst()[...], end: end, text: text)
    let function = try Self.function(first, &arguments)
    if let extra = arguments.words.first {
      let row = TemplateFunctionRow.table.first { $0.name == first.text }
      let usage = [first.text, row?.arguments ?? ""].joined(separator: " ")
      throw fault(extra.offset, "is one argument too many for {{\(usage.trimmed)}}")
    }
    return function
  }

  private mutating func word(placeAt start: Int) throws(TemplateFault) -> Word {
    let offset = position
    guard bytes[position] == UInt8(ascii: "\"") else {
      while position < bytes.count, bytes[position] > 0x20, !isAt("}}") { position += 1 }
      return Word(
        text: String(decoding: bytes[offset..<position], as: UTF8.self), offset: offset,
        isQuoted: false)
    }
    position += 1
    var content: [UInt8] = []
    while position < bytes.count, bytes[position] != UInt8(ascii: "\"") {
      if bytes[position] == UInt8(ascii: "\\"), position + 1 < bytes.count { position += 1 }
      content.append(bytes[position])
      position += 1
    }
    if position == bytes.count { throw fault(offset, "the quote has no end") }
    position += 1
    return Word(text: String(decoding: content, as: UTF8.self), offset: offset, isQuoted: true)
  }

  private static func function(
    _ name: Word, _ arguments: inout Arguments
  ) throws(TemplateFault) -> TemplateFunction {
    switch name.text {
    case "seq":
      return .sequence(
        start: try arguments.whole("START", default: 1),
        step: try arguments.whole("STEP", default: 1)
      )
    case "now": return .now(try arguments.clock())
    case "random":
      let (low, high) = try arguments.bounds()
      let decimals = try arguments.decimals()
      return .random(
        low: scaled(low.value, decimals), high: scaled(high.value, decimals), decimals: decimals)
    case "normal":
      let mean = try arguments.number("MEAN").value
      let deviation = try arguments.number("DEVIATION", atLeast: 0).value
      return .normal(mean: mean, deviation: deviation, decimals: try arguments.decimals())
    case "walk":
      let (low, high) = try arguments.bounds()
      let step = try arguments.number("STEP", atLeast: 0).value
      let decimals = try arguments.decimals()
      return .walk(
        low: scaled(low.value, decimals), high: scaled(high.value, decimals),
        step: scaled(step, decimals), decimals: decimals)
    case "sine":
      let (low, high) = try arguments.bounds()
      let seconds = try arguments.number("SECONDS", atLeast: 0.001).value
      return .sine(
        low: low.value, high: high.value, periodSeconds: seconds,
        decimals: try arguments.decimals())
    case "choice":
      var words = [try arguments.next("WORD").text]
      while let word = arguments.words.popFirst() { words.append(word.text) }
      return .choice(words)
    case "uuid": return .uuid
    case "hex": return .hexadecimal(try arguments.count(lengthLimit))
    case "letters": return .letters(try arguments.count(lengthLimit))
    case "bytes": return .bytes(try arguments.count(lengthLimit))
    case "client": return .client
    case "client-id": return .clientIdentifier
    case "topic": return .topic
    case "column": return .column(try arguments.next("NAME").text)
    case let unknown:
      let names = TemplateFunctionRow.table.map(\.name)
      let nearest = Nearest.word(to: unknown, among: names)
      let hint =
        nearest.map { "the nearest one is \($0)" }
        ?? "there are \(names.joined(choicesWith: "and"))"
      throw arguments.fault(name.offset, "there is no function \(unknown); \(hint)")
    }
  }

  /// A number in units of its last decimal.
  private static func scaled(_ number: Double, _ decimals: Int) -> Int64 {
    var unit = 1.0
    for _ in 0..<decimals { unit *= 10 }
    let scaled = (number * unit).rounded()
    return Int64(max(-numberLimit, min(numberLimit, scaled)))
  }
}

/// The arguments of a place, taken one by one.
private struct Arguments {
  var words: ArraySlice<TemplateReader.Word>
  /// Where the place ends.
  let end: Int
  let text: String

  func fault(_ offset: Int, _ explanation: String) -> TemplateFault {
    TemplateFault(text: text, offset: offset, explanation: explanation)
  }

  mutating func next(_ name: String) throws(TemplateFault) -> TemplateReader.Word {
    guard let word = words.popFirst() else { throw fault(end, "expected \(name) here") }
    return word
  }

  mutating func number(
    _ name: String, atLeast least: Double = -9e15
  ) throws(TemplateFault) -> (value: Double, offset: Int) {
    let word = try next(name)
    guard let number = Double(word.text), number.magnitude <= 9e15, number >= least else {
      let bound = least > -9e15 ? " of at least \(least == 0 ? "0" : "\(least)")" : ""
      throw fault(word.offset, "\(name): expected a number\(bound)")
    }
    return (number, word.offset)
  }

  typealias Bound = (value: Double, offset: Int)

  /// LOW and HIGH.
  mutating func bounds() throws(TemplateFault) -> (low: Bound, high: Bound) {
    let low = try number("LOW")
    let high = try number("HIGH")
    if high.value < low.value { throw fault(high.offset, "HIGH is less than LOW") }
    return (low, high)
  }

  mutating func decimals() throws(TemplateFault) -> Int {
    guard let word = words.popFirst() else { return 0 }
    guard let decimals = Int(word.text), (0...9).contains(decimals) else {
      throw fault(word.offset, "DECIMALS: expected a whole number from 0 to 9")
    }
    return decimals
  }

  mutating func whole(_ name: String, default value: Int64) throws(TemplateFault) -> Int64 {
    guard let word = words.popFirst() else { return value }
    guard let number = Int64(word.text) else {
      throw fault(word.offset, "\(name): expected a whole number")
    }
    return number
  }

  mutating func count(_ limit: Int) throws(TemplateFault) -> Int {
    let word = try next("COUNT")
    guard let count = Int(word.text), (1...limit).contains(count) else {
      throw fault(word.offset, "COUNT: expected a whole number from 1 to \(limit)")
    }
    return count
  }

  mutating func clock() throws(TemplateFault) -> TemplateClock {
    guard let word = words.popFirst() else { return .iso }
    guard let clock = TemplateClock(rawValue: word.text) else {
      let names = TemplateClock.allCases.map(\.rawValue).joined(choicesWith: "or")
      throw fault(word.offset, "expected \(names)")
    }
    return clock
  }
}
