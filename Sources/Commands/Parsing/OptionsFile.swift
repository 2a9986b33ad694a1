// Options that stand in a file, one on a line, so that a broker's name or a password need not be
// written every time: `-h broker.example.org`. The format is that of mosquitto_pub: the option,
// one blank, and all the rest of the line is its value; lines that begin with # are comments.
//
// The files are looked for in $XDG_CONFIG_HOME, or in ~/.config where that is not set. Options on
// the command line come later and win. `-o FILE` puts one file in the place of all of them.

import Basis
import Text

extension ArgumentParser {
  /// Understands the options files and then `words`.
  func parse(
    _ words: [[UInt8]], _ blank: D, optionsFile: KeyPath<D, String?>, defaultFiles: [String],
    in context: ParsingContext
  ) throws(UsageError) -> D {
    var draft = blank
    try parse(words, into: &draft)
    if draft.request != nil { return draft }
    let files: [(path: String, contents: [UInt8])]
    if let path = draft[keyPath: optionsFile] {
      guard let contents = context.fileContents(path) else {
        throw UsageError("-o \(path)", "there is no such file that can be read")
      }
      files = [(path, contents)]
    } else {
      files = Self.found(defaultFiles, in: context)
    }
    if files.isEmpty { return draft }
    var whole = blank
    for file in files { try parse(file.contents, path: file.path, into: &whole) }
    try parse(words, into: &whole)
    return whole
  }

  private static func found(
    _ names: [String], in context: ParsingContext
  ) -> [(path: String, contents: [UInt8])] {
    let directory =
      context.environment("XDG_CONFIG_HOME").flatMap { $0.isEmpty ? nil : $0 }
      ?? context.environment("HOME").map { $0 + "/.config" }
    guard let directory else { return [] }
    return names.compactMap { name in
      let path = "\(directory)/\(name)"
      return context.fileContents(path).map { (path, $0) }
    }
  }

  private func parse(
    _ contents: [UInt8], path: String, into draft: inout D
  ) throws(UsageError) {
    let text = contents.withoutByteOrderMark
    let lines = text.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    for (index, line) in lines.enumerated() {
      var line = line
      if line.last == UInt8(ascii: "\r") { line.removeLast() }
      line = line.drop { $0 == UInt8(ascii: " ") }
      if line.isEmpty || line.first == UInt8(ascii: "#") { continue }
      try parse(Self.words(of: line), into: &draft, origin: "\(path):\(index + 1): ")
    }
  }

  /// `-D` has several words; every other option has the rest of the line.
  private static func words(of line: ArraySlice<UInt8>) -> [[UInt8]] {
    let blank = UInt8(ascii: " ")
    let option = Array(line.prefix { $0 != blank })
    let isProperty = option == Array("-D".utf8) || option == Array("--property".utf8)
    return line.split(separator: blank, maxSplits: isProperty ? 4 : 1).map(Array.init)
  }
}
