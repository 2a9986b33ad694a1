// One line of an ACL file after the other.

import MQTTCodec

struct AccessFileReader {
  let file: String
  let allowsExtensions: Bool
  var rules: [AccessRule] = []
  var users: [AccessFile.UserLine] = []
  var notices: [AccessFileError] = []
  var errors: [AccessFileError] = []
  private var seenUsers: Set<[UInt8]> = []
  private var scope = RuleScope.anonymous
  /// Counted from 1.
  private var number = 0
  /// Where the line begins in the file.
  private var lineStart = 0

  init(file: String, allowsExtensions: Bool) {
    self.file = file
    self.allowsExtensions = allowsExtensions
  }

  /// Takes one line without its line feed.
  mutating func take(_ line: ArraySlice<UInt8>, number: Int) {
    self.number = number
    lineStart = line.startIndex
    if let null = line.firstIndex(of: 0) {
      return fail(
        null, "the line holds a byte of value 0, and expected is text",
        "remove it; mosquitto would not see what follows it")
    }
    if line.first == .hash { return }
    var rest = line
    while rest.last?.isBlankOfC == true { rest.removeLast() }
    if line.last == 0x0D { noticeReturn(line) }
    guard let keyword = word(&rest) else { return }
    switch String(decoding: keyword, as: UTF8.self) {
    case "user": takeUser(keyword, rest)
    case "topic": takeRule(keyword, rest, scope: scope)
    case "pattern": takeRule(keyword, rest, scope: .everyone)
    default: failKeyword(keyword)
    }
  }

  /// The next word, up to a blank, which is taken too; nil at the end.
  private func word(_ rest: inout ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
    rest = rest.drop { $0 == .blank }
    if rest.isEmpty { return nil }
    let word = rest.prefix { $0 != .blank }
    rest = rest.dropFirst(word.count + 1)
    return word
  }

  private mutating func takeUser(_ keyword: ArraySlice<UInt8>, _ rest: ArraySlice<UInt8>) {
    let name = rest.drop { $0.isBlankOfC }
    if name.isEmpty {
      return fail(
        keyword.startIndex, "expected a user name after \"user\"",
        "write: user NAME; rules for clients without a name stand before the first user line")
    }
    scope = .user(Array(name))
    if seenUsers.insert(Array(name)).inserted {
      users.append(
        AccessFile.UserLine(
          name: Array(name), line: number, column: name.startIndex - lineStart + 1))
    }
    noticeName(name)
  }

  private mutating func takeRule(
    _ keyword: ArraySlice<UInt8>, _ rest: ArraySlice<UInt8>, scope: RuleScope
  ) {
    var rest = rest
    let name = String(decoding: keyword, as: UTF8.self)
    guard let first = word(&rest) else {
      return fail(
        keyword.startIndex, "expected a topic filter after \"\(name)\"",
        "write: \(name) read sensor/#")
    }
    var filter = first
    var access = AccessWord.readwrite
    let isAlone = rest.isEmpty
    if !isAlone {
      filter = rest.drop { $0.isBlankOfC }
      guard let known = accessWord(first) else { return failAccess(first, filter, name) }
      access = known
    }
    if let fault = Self.fault(of: Array(filter)) {
      return fail(filter.startIndex + fault.offset, fault.problem, fault.fix)
    }
    let column = filter.startIndex - lineStart + 1
    let text = String(decoding: keyword, as: UTF8.self) + (isAlone ? "" : " \(access.rawValue)")
    rules.append(
      AccessRule(
        scope: scope, filter: Array(filter), allows: access.allows, denies: access.denies,
        placeholders: scope == .everyone ? .anywhere : .none, line: number, column: column,
        text: text + " " + String(decoding: filter, as: UTF8.self)))
    noticeRule(name, first, filter, isAlone: isAlone)
  }

  private func accessWord(_ word: ArraySlice<UInt8>) -> AccessWord? {
    guard let access = AccessWord(rawValue: String(decoding: word, as: UTF8.self)) else {
      return nil
    }
    return access.isStandard || allowsExtensions ? access : nil
  }

  /// Why `filter` is not one that mosquitto takes, with the offset of the place.
  static func fault(of filter: [UInt8]) -> (offset: Int, problem: String, fix: String)? {
    let split = "let each # and + fill a level, and # the last one"
    for (offset, byte) in filter.enumerated() where byte == .plus || byte == .hash {
      let startsLevel = offset == 0 || filter[offset - 1] == .slash
      let endsFilter = offset == filter.count - 1
      let endsLevel = endsFilter || filter[offset + 1] == .slash
      if startsLevel && (byte == .plus ? endsLevel : endsFilter) { continue }
      let problem =
        byte == .plus
        ? "+ is not alone in its level of \(shown(filter))"
        : "# is not the last level of \(shown(filter)), alone in it"
      return (offset, problem, split)
    }
    if filter.count > AccessFile.filterLimit {
      return (
        AccessFile.filterLimit,
        "the filter has \(filter.count) bytes, and expected are at most \(AccessFile.filterLimit)",
        "no topic is longer, so remove the rule"
      )
    }
    var slashes = 0
    for (offset, byte) in filter.enumerated() where byte == .slash {
      slashes += 1
      if slashes > AccessFile.slashLimit {
        return (
          offset, "the filter has more than \(AccessFile.slashLimit) slashes",
          "end it with # at a higher level"
        )
      }
    }
    return nil
  }

  mutating func fail(_ position: Int, _ problem: String, _ fix: String) {
    errors.append(mistake(position, problem, fix))
  }

  func mistake(_ position: Int, _ problem: String, _ fix: String) -> AccessFileError {
    AccessFileError(
      file: file, line: number, column: position - lineStart + 1, problem: problem, fix: fix)
  }
}
