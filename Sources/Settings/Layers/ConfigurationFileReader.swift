// From the bytes of a mosquitto.conf to the options of a broker, read as mosquitto reads it:
//
//   one option a line: its name, blanks, its value up to the end of the line, blanks at the end cut
//   # makes a comment only as the very first character of a line; empty lines are nothing
//   a value that is a number or a word is the first word, and what follows it is not looked at
//   the last one counts, but a text may be given only once
//   include_dir reads the files *.conf of a directory in the order of their names, only from the
//   main file
//
// Beyond mosquitto, ${NAME} in a value is the environment variable NAME, and $${ is ${ itself.
// All faults are gathered; nothing is used of a file that has one.

import Basis
import Text

/// Reads configuration files.
struct ConfigurationFileReader {
  let context: ParsingContext
  var layer = FileLayer()

  init(_ context: ParsingContext) { self.context = context }

  /// Reads a file, and the files that it includes if it is the main one.
  mutating func read(_ path: String, isMain: Bool) {
    guard let bytes = context.fileContents(path) else {
      let isDirectory = context.fileNames(path) != nil
      layer.errors.append(
        FileNote(
          FilePlace(path),
          isDirectory
            ? "is a directory; name a file in it, or one with the line include_dir \(path)"
            : "there is no such file that can be read"))
      return
    }
    layer.current = nil
    layer.plugin = nil
    layer.isInBridge = false
    let text = bytes.withoutByteOrderMark
    let lines = text.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    for (index, line) in lines.enumerated() {
      if line.first == UInt8(ascii: "#") { continue }
      layer.line = FilePlace(path, index + 1)
      read(line: line, isMain: isMain)
    }
  }

  private mutating func read(line: ArraySlice<UInt8>, isMain: Bool) {
    let blank = UInt8(ascii: " ")
    var line = line
    while line.last == UInt8(ascii: "\r") { line.removeLast() }
    let rest = line.drop { $0 == blank }
    if rest.isEmpty { return }
    layer.line.column = rest.startIndex - line.startIndex + 1
    let nameBytes = rest.prefix { $0 != blank }
    guard let name = String(validating: nameBytes, as: UTF8.self) else {
      return fail(layer.line, "the line is not UTF-8")
    }
    let after = rest.dropFirst(nameBytes.count).drop { $0 == blank || $0 == UInt8(ascii: "\t") }
    layer.value = layer.line
    layer.value.column = after.startIndex - line.startIndex + 1
    guard let row = Setting.row(word: name), let word = row.word else {
      return failUnknown(name)
    }
    guard let text = String(validating: after, as: UTF8.self) else {
      return fail(layer.value, "\(name): the value is not UTF-8")
    }
    do throws(ValueFault) {
      let text = try expanded(text)
      if word.name == "include_dir" { return isMain ? try include(text) : () }
      try apply(row, word, name: name, value: text)
    } catch {
      fail(layer.value, "\(name)\(text.isEmpty ? "" : " \(text.trimmed)"): \(error.problem)")
    }
  }

  private mutating func fail(_ place: FilePlace, _ text: String) {
    layer.errors.append(FileNote(place, text))
  }

  private mutating func failUnknown(_ name: String) {
    let isComment = name.first == "#"
    let nearest = Nearest.word(to: name, among: Setting.fileWords)
    let advice =
      isComment
      ? "a comment must begin in the first column"
      : nearest.map { "the nearest one is \($0)" }
        ?? "mosquitto.conf(5) and mqtt-broker(1) list them"
    fail(
      layer.line,
      isComment ? advice : "\(name.replacing("\t", with: "\\t")) is not an option; \(advice)")
  }

  // MARK: Values

  private mutating func apply(
    _ row: Setting, _ word: FileWord, name: String, value: String
  ) throws(ValueFault) {
    if word.scope == .connection { return try refuseBridge(word) }
    if let replacement = word.replacement {
      layer.warnOnce(word.name, "\(word.name) is old; use \(replacement)")
    }
    if row.takesWholeLine, !word.isRepeatable { try layer.checkOnce(word) }
    if case .ignored(let reason) = word.standing {
      layer.warnOnce(word.name, "\(name) has no effect: \(reason)")
    }
    defer { layer.remember(word, name, value.trimmed) }
    warnOfNote(row, word, name, value)
    var said = try row.value(ofLine: value)
    // What such a name ends with says what it is about.
    if word.isPrefix { said = .texts([name, value.trimmed]) }
    try layer.take(row, word, said, as: name)
  }

  /// Says it when a value seems to have a comment behind it.
  private mutating func warnOfNote(
    _ row: Setting, _ word: FileWord, _ name: String, _ value: String
  ) {
    guard let range = value.firstRange(of: " #") ?? value.firstRange(of: "\t#") else { return }
    var place = layer.value
    place.column += value[..<range.upperBound].utf8.count - 1
    let isWhole = word.isPrefix || row.takesWholeLine
    let note = value[range.lowerBound...].trimmed
    layer.warnings.append(
      FileNote(
        place,
        "\(name): a comment must begin in the first column; \"\(note)\" "
          + (isWhole ? "belongs to the value" : "is not looked at")))
  }

  /// A bridge is refused at its first line; those after it are part of it.
  private mutating func refuseBridge(_ word: FileWord) throws(ValueFault) {
    if layer.isInBridge, word.name != "connection" { return }
    layer.isInBridge = true
    throw ValueFault(
      word.name == "connection"
        ? "this broker makes no bridges to other brokers; take the bridge out, or leave it to "
          + "mosquitto"
        : "is an option of a bridge, without the connection that it belongs to; this broker makes "
          + "no bridges")
  }

  // MARK: The environment

  /// `text` with the environment's values in place of `${NAME}`.
  private func expanded(_ text: String) throws(ValueFault) -> String {
    var result = ""
    var rest = Substring(text)
    while let dollar = rest.firstIndex(of: "$") {
      result += rest[..<dollar]
      rest = rest[dollar...]
      if rest.hasPrefix("$${") {
        result += "${"
        rest = rest.dropFirst(3)
      } else if rest.hasPrefix("${"), let end = rest.firstIndex(of: "}") {
        let name = String(rest.dropFirst(2)[..<end])
        guard let value = context.environment(name) else {
          throw ValueFault(
            "the environment variable \(name) is not set; $${\(name)} stands for the text itself")
        }
        result += value
        rest = rest[end...].dropFirst()
      } else {
        result += "$"
        rest = rest.dropFirst()
      }
    }
    return result + rest
  }

  // MARK: Other files

  private mutating func include(_ directory: String) throws(ValueFault) {
    let directory = directory.trimmed
    if directory.isEmpty { throw .expected("a directory") }
    guard let names = context.fileNames(directory) else {
      throw ValueFault("there is no such directory that can be read")
    }
    let (current, plugin, isInBridge) = (layer.current, layer.plugin, layer.isInBridge)
    let files = names.filter { $0.hasSuffix(".conf") && $0.utf8.count > 5 }.sorted(by: Self.order)
    for name in files { read("\(directory)/\(name)", isMain: false) }
    (layer.current, layer.plugin, layer.isInBridge) = (current, plugin, isInBridge)
  }

  /// Letter by letter, and of one letter the capital first: `A.conf`, `a.conf`, `B.conf`.
  private static func order(_ left: String, _ right: String) -> Bool {
    func capital(_ byte: UInt8) -> UInt8 {
      (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) ? byte - 32 : byte
    }
    for (one, other) in zip(left.utf8, right.utf8) where one != other {
      return (capital(one), one) < (capital(other), other)
    }
    return left.utf8.count < right.utf8.count
  }
}

extension Setting {
  /// Whether everything up to the end of a line is its value.
  fileprivate var takesWholeLine: Bool {
    switch (word?.reading, kind) {
    case (.text, _), (.usual, .text): true
    case (_, _): false
    }
  }

  /// What a line of a file means by `text`, which follows its word.
  fileprivate func value(ofLine text: String) throws(ValueFault) -> SettingValue {
    let words = text.split(separator: " ").map(String.init)
    switch (word?.reading ?? .usual, kind) {
    case (.anything, _): return .unset
    case (.truth, _), (.usual, .truth): return .truth(try Self.truth(words))
    case (.number(let range, let read), _): return read(try Self.number(words, range))
    case (.usual, .number(let range)): return .number(try Self.number(words, range))
    case (.text(let read), _): return try read(try Self.wholeLine(text))
    case (.usual, .text): return .text(try Self.wholeLine(text))
    case (.words(let read), _):
      if words.isEmpty { throw .expected("a value") }
      return try read(words)
    case (.usual, .choice), (.usual, .read), (.usual, .gathered):
      if words.isEmpty { throw .expected("a value") }
      return try value(ofOption: words[0])
    }
  }

  private static func truth(_ words: [String]) throws(ValueFault) -> Bool {
    switch words.first {
    case "true", "1": return true
    case "false", "0": return false
    case _: throw .expected("true or false")
    }
  }

  private static func number(
    _ words: [String], _ range: ClosedRange<Int>
  ) throws(ValueFault) -> Int {
    guard let word = words.first, let number = Int(word), range.contains(number) else {
      // Where mosquitto takes less than nothing for nothing, that needs no mention.
      let lower = range.lowerBound < -1 ? 0 : range.lowerBound
      throw .expected("a whole number from \(lower) to \(range.upperBound)")
    }
    return number
  }

  private static func wholeLine(_ text: String) throws(ValueFault) -> String {
    let text = text.trimmed
    if text.isEmpty { throw .expected("a value") }
    if text.utf8.count > 65_535 { throw .expected("at most 65535 bytes") }
    return text
  }
}
