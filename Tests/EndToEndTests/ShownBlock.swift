// What the README and the manual pages show of a shell: blocks that a reader pastes, read out of their
// sources.

import Foundation
import LiveSupport

/// A block of commands, with what a page shows of their answer.
struct ShownBlock {
  /// How a page has marked the block.
  enum Kind: String {
    /// Commands behind `$ `, and what they print.
    case console
    /// Commands alone.
    case commands = "sh"
    /// Commands, each for a terminal of its own.
    case terminals
  }

  let kind: Kind
  /// Where it begins: the name of the file and a line.
  let place: String
  /// What a reader types; a command of several lines is one of these.
  private(set) var commands: [String] = []
  /// What the page shows of the answer; nothing where the block is no console.
  private(set) var output: [String] = []
  /// Whether the next line belongs to the last command.
  private var isContinued = false

  private init(_ kind: Kind, _ place: String) {
    self.kind = kind
    self.place = place
  }

  private mutating func append(_ line: String) {
    let isPrompt = kind == .console && line.hasPrefix("$ ")
    if isContinued {
      commands[commands.count - 1] += "\n" + line
    } else if kind != .console || isPrompt {
      commands.append(isPrompt ? String(line.dropFirst(2)) : line)
    } else {
      output.append(line)
      return
    }
    isContinued = line.hasSuffix("\\")
  }

  private static func lines(_ file: String) throws -> [String] {
    try String(contentsOfFile: checkoutFolder + "/" + file, encoding: .utf8)
      .split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
  }

  /// The blocks of a file in Markdown that are marked `console` or `sh`.
  static func markdown(_ file: String) throws -> [ShownBlock] {
    var blocks: [ShownBlock] = []
    var isInside = false
    var isShown = false
    for (index, line) in try lines(file).enumerated() {
      if line.hasPrefix("```") {
        isInside.toggle()
        let kind = Kind(rawValue: String(line.dropFirst(3)))
        isShown = isInside && kind != nil
        if isInside, let kind { blocks.append(ShownBlock(kind, "\(file):\(index + 1)")) }
      } else if isShown {
        blocks[blocks.count - 1].append(line)
      }
    }
    return blocks
  }

  /// The literal blocks of a manual page that a comment before them marks as one of ``Kind``.
  static func manual(_ file: String) throws -> [ShownBlock] {
    var blocks: [ShownBlock] = []
    var marked: Kind?
    var isShown = false
    for (index, line) in try lines(file).enumerated() {
      if line.hasPrefix(".Bd"), let kind = marked {
        blocks.append(ShownBlock(kind, "\(file):\(index + 1)"))
        isShown = true
      } else if line.hasPrefix(".Ed") {
        isShown = false
      } else if isShown {
        blocks[blocks.count - 1].append(unescaped(line))
      }
      marked = line.hasPrefix(".\\\" ") ? Kind(rawValue: String(line.dropFirst(4))) : nil
    }
    return blocks
  }

  /// A line of roff as `man` shows it.
  private static func unescaped(_ line: String) -> String {
    var text = line
    for (escape, character) in [
      ("\\&", ""), ("\\-", "-"), ("\\(ti", "~"), ("\\(ha", "^"), ("\\(ga", "`"), ("\\(aq", "'"),
      ("\\(->", "→"), ("\\(<-", "←"), ("\\e", "\\"),
    ] {
      text = text.replacing(escape, with: character)
    }
    return text
  }
}
