// What is said about a line that cannot be meant as it stands: mistakes, and things that mosquitto
// takes without a word.

import Text

extension AccessFileReader {
  private static let keywords = ["user", "topic", "pattern"]

  mutating func failKeyword(_ keyword: ArraySlice<UInt8>) {
    let start = keyword.startIndex
    if let tab = keyword.firstIndex(where: { $0.isBlankOfC }) {
      return fail(
        tab, "a tab stands in \(shown(keyword)), and expected is a blank: a tab parts no words",
        "replace the tab by a blank")
    }
    if keyword.starts(with: [0xEF, 0xBB, 0xBF]) {
      return fail(
        start, "the file begins with a byte order mark, and expected is user, topic or pattern",
        "save the file as UTF-8 without one")
    }
    if keyword.first == .hash {
      return fail(
        start, "a comment begins at the first column, and before this # stand blanks",
        "remove the blanks")
    }
    let word = String(decoding: keyword, as: UTF8.self)
    let problem = "\(shown(keyword)) is not a keyword, and expected is user, topic or pattern"
    if let access = AccessWord(rawValue: word.lowercased()) {
      return fail(start, problem, "write \"topic\" before \"\(access.rawValue)\"")
    }
    if let nearest = Nearest.word(to: word.lowercased(), among: Self.keywords) {
      return fail(start, problem, "the nearest is \"\(nearest)\"")
    }
    fail(start, problem, "begin a comment with #")
  }

  mutating func failAccess(
    _ word: ArraySlice<UInt8>, _ filter: ArraySlice<UInt8>, _ keyword: String
  ) {
    let start = word.startIndex
    let text = String(decoding: word, as: UTF8.self)
    if let tab = word.firstIndex(where: { $0.isBlankOfC }) {
      return fail(
        tab, "a tab stands in \(shown(word)), and expected is a blank: a tab parts no words",
        "replace the tab by a blank")
    }
    let problem =
      "\(shown(word)) is not an access word, and expected is read, write, readwrite or deny"
    if let access = AccessWord(rawValue: text) {
      return fail(
        start, "\"\(access.rawValue)\" is not an access word of mosquitto",
        "turn the extended access words on, or write read, write, readwrite or deny")
    }
    if filter.first == .hash || filter.first == UInt8(ascii: ";") {
      return fail(
        start, problem, "put the comment on a line of its own: after a filter there is none")
    }
    let known = AccessWord.allCases.filter { $0.isStandard || allowsExtensions }.map(\.rawValue)
    if let nearest = Nearest.word(to: text.lowercased(), among: known) {
      return fail(start, problem, "the nearest is \"\(nearest)\"")
    }
    fail(
      start, problem, "if blanks belong to the topic, write: \(keyword) readwrite \(text) ...")
  }

  /// Says that the line ends with a return.
  mutating func noticeReturn(_ line: ArraySlice<UInt8>) {
    if notices.contains(where: { $0.problem.hasPrefix("lines end with CR") }) { return }
    notices.append(
      mistake(
        line.endIndex - 1, "lines end with CR LF", "save the file with LF alone; the CR is ignored")
    )
  }

  /// Says what a name holds that no client can have meant.
  mutating func noticeName(_ name: ArraySlice<UInt8>) {
    noticeBytes(name, "the user name", "no client can have it")
    if let wildcard = name.firstIndex(where: { $0 == .plus || $0 == .hash }) {
      notices.append(
        mistake(
          wildcard, "the user name \(shown(name)) holds + or #",
          "choose another: with patterns in the file such users are denied everything else"))
    }
  }

  /// Says what a rule holds that is not what it looks like.
  mutating func noticeRule(
    _ keyword: String, _ first: ArraySlice<UInt8>, _ filter: ArraySlice<UInt8>, isAlone: Bool
  ) {
    if isAlone, AccessWord(rawValue: String(decoding: filter, as: UTF8.self)) != nil {
      notices.append(
        mistake(
          filter.startIndex, "\(shown(filter)) stands alone, so it is a topic and no access word",
          "write the topic after it, or remove the line"))
    }
    noticeBytes(filter, "the filter", "no topic matches it")
    if let tab = filter.firstIndex(of: 0x09) {
      notices.append(
        mistake(
          tab, "the filter \(shown(filter)) holds a tab, which is a part of it",
          "replace the tab by a blank"))
    }
  }

  private mutating func noticeBytes(
    _ bytes: ArraySlice<UInt8>, _ what: String, _ consequence: String
  ) {
    if String(validating: bytes, as: UTF8.self) == nil {
      notices.append(
        mistake(
          bytes.startIndex, "\(what) \(shown(bytes)) is not UTF-8",
          "save the file as UTF-8: as it is, \(consequence)"))
    }
  }
}
