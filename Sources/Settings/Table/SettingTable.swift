// The table of everything that `mqtt broker` can be told, under the headings of `--help` and of the
// manual. The rows stand in the files beside this one, a few headings each.

import Text

extension Setting {
  /// All rows, in the order of `--help` and of the manual.
  package static let table: [Setting] = [
    file.headed("Configuration file"), places.headed("Listeners"), listeners.headed("Listeners"),
    webSockets.headed("WebSocket"), tls.headed("TLS"), access.headed("Users and access"),
    persistence.headed("Durability"), limits.headed("Limits"), loginLimits.headed("Limits"),
    conversation.headed("Protocol"), log.headed("Log"), process.headed("General"),
    plugins.headed("Plugins"), bridges.headed("Bridges"),
  ].flatMap(\.self)

  /// The first row whose value is the field at `path`; others are spellings of it.
  static func position(of path: any AnyKeyPath & Sendable) -> Int? {
    let path: AnyKeyPath = path
    return table.firstIndex { row in row.target.path.map { $0 as AnyKeyPath == path } ?? false }
  }

  /// The words of files, for advice; without those that are only beginnings.
  package static let fileWords: [String] = table.compactMap(\.word).filter { !$0.isPrefix }
    .map(\.name)

  private static let byWord: [String: Int] = {
    var positions: [String: Int] = [:]
    for (position, row) in table.enumerated() {
      if let word = row.word { positions[word.name] = position }
    }
    return positions
  }()

  /// The row of a word of a file.
  static func row(word: String) -> Setting? {
    if let position = byWord[word] { return table[position] }
    return table.first { row in
      row.word.map { $0.isPrefix && word.hasPrefix($0.name) && word != $0.name } ?? false
    }
  }
}

extension [Setting] {
  fileprivate consuming func headed(_ heading: String) -> [Setting] {
    var rows = self
    for position in rows.indices { rows[position].group = heading }
    return rows
  }
}

extension Setting {
  /// What holds without a word about it; as in a file for mosquitto, or elsewhere.
  private func value(withFile: Bool) -> SettingValue {
    if withFile, let valueWithFile { return valueWithFile }
    return switch target {
    case .broker(let field): field.get(BrokerSettings())
    case .listener(let field, _): field.get(ListenerSetup(.loopback(port: 1883)))
    case .place, .line, .nothing: .unset
    }
  }

  /// What `--help` calls the default of its option; nil when that needs no words.
  package var optionDefault: String? {
    if option?.valueName == nil { return nil }
    return defaultText.map { $0.isEmpty ? nil : $0 } ?? value(withFile: false).shown
  }

  /// What the manual calls the default of its word in a file; nil when that needs no words.
  package var wordDefault: String? {
    word?.defaultText ?? value(withFile: true).shown ?? defaultText
  }

  /// A value that its option takes.
  package var optionExample: String {
    guard let option, option.example.isEmpty, option.valueName != nil else {
      return option?.example ?? ""
    }
    switch value(withFile: false) {
    case .truth(let isTrue): return "\(!isTrue)"
    case .number(let number): return "\(number)"
    case .text(let text): return text
    case .texts, .unset: return ""
    }
  }

  /// The sentence of the manual about its word in a file.
  package var wordHelp: String {
    (word?.help ?? help) + (word?.needsRestart == true ? "; changes with a restart" : "")
  }
}
