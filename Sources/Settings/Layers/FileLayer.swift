// What the lines of a mosquitto.conf gather in. Order matters: a listener's options belong to the
// last `listener`, or to the default listener before the first; security options belong to the
// broker, or to the listener after `per_listener_settings true`; a plugin's to the last plugin.
// A file of include_dir begins with the default listener again, as mosquitto has it.

import Text

/// The settings and listeners of a file, understood line by line.
struct FileLayer {
  /// A plugin that stands for something that is built in.
  struct Plugin {
    /// The value of one of its options, and where it stands.
    struct Value {
      var text: String
      var origin: SettingOrigin
    }

    var kind: BuiltInPlugin
    /// Whom it was asked for.
    var owner: Assignment.Owner
    var place: FilePlace
    var options: [String: Value] = [:]
  }

  /// In the order of the lines.
  var assignments: [Assignment] = []
  /// Those of `listener` lines, in order.
  var listeners: [ListenerSetup] = []
  /// The first line that asks for the default listener, and where it is to be.
  var defaultOrigin: FilePlace?
  var defaultPort: UInt16?
  var defaultHost: String?
  /// The position of the last `listener` of this file; nil before the first.
  var current: Int?
  var isPerListener = false
  /// Whether only this machine is served, because nothing says where to listen; or every address,
  /// because there is an option of a listener and no listener.
  var isLocalOnly = false
  var isOpenUnasked = false
  /// Whether an option about who gets in has been read.
  var hasSecurity = false
  /// Whether the next line is one of a bridge, which has been refused already.
  var isInBridge = false
  var plugins: [Plugin] = []
  /// The plugin that options belong to.
  var plugin: Int?
  /// `plugin_load` names.
  var loadedPlugins: [String: String] = [:]

  /// Where the line that is being read stands, and where its value does.
  var line = FilePlace("", 1)
  var value = FilePlace("", 1)
  var statements: [FileStatement] = []
  var errors: [FileNote] = []
  var warnings: [FileNote] = []
  /// The lines of options that may stand once, by name and owner.
  private var places: [String: FilePlace] = [:]
  /// What a warning has been given about.
  private var warned: Set<String> = []

  /// The listener that the next line belongs to.
  private var ownerOfLine: Assignment.Owner { current.map { .listener($0) } ?? .defaultListener }

  /// Whom a word concerns that stands in the next line.
  func owner(_ scope: FileWord.Scope) -> Assignment.Owner {
    switch scope {
    case .process, .plugin, .connection: .all
    case .security: isPerListener ? ownerOfLine : .all
    case .listener, .namedListener: ownerOfLine
    }
  }

  /// Takes a line on that says `value` by `word`, which is what `row` has, or begins with it.
  mutating func take(
    _ row: Setting, _ word: FileWord, _ value: SettingValue, as spelled: String
  ) throws(ValueFault) {
    if word.scope == .namedListener, current == nil {
      throw ValueFault("it must stand after a listener")
    }
    if word.scope == .security { hasSecurity = true }
    if case .line(let act) = row.target { return try act(&self, value) }
    if let text = value.text, let note = word.note?(text) { warnOnce("\(word.name) \(text)", note) }
    let said = Assignment(
      target: row.target, value: value, origin: .file(self.value, word: spelled),
      owner: owner(word.scope))
    try assignments.add(said, of: row)
    if let also = word.also {
      var other = said
      other.target = also
      assignments.append(other)
    }
  }

  /// Fails for a text that stands in the file already.
  mutating func checkOnce(_ word: FileWord) throws(ValueFault) {
    let owner =
      switch owner(word.scope) {
      case .all: ""
      case .defaultListener: " default"
      case .listener(let position): " \(position)"
      }
    if let first = places[word.name + owner] {
      throw ValueFault("it stands at \(first.file):\(first.line) already; mosquitto takes one")
    }
    places[word.name + owner] = value
  }

  /// Remembers what the file says, so that the next reading of it can tell what has changed.
  mutating func remember(_ word: FileWord, _ spelled: String, _ text: String) {
    var statement = FileStatement(text: "\(spelled) \(text)", needsRestart: word.needsRestart)
    if word.scope == .plugin, plugin.map({ plugins[$0].kind == .persistence }) ?? false {
      statement.needsRestart = true
    }
    if !statement.needsRestart {
      switch owner(word.scope) {
      case .all: break
      case .defaultListener: statement.text += " (the default listener)"
      case .listener(let position): statement.text += " (listener \(listeners[position].place))"
      }
    }
    statements.append(statement)
  }

  /// Says once for each name what there is to know about it.
  mutating func warnOnce(_ name: String, _ text: String, at place: FilePlace? = nil) {
    if warned.insert(name).inserted { warnings.append(FileNote(place ?? line, text)) }
  }

  /// The first line about the default listener.
  var firstDefaultPlace: FilePlace? {
    places.filter { $0.key.hasSuffix(" default") }.map(\.value).min { $0.line < $1.line }
      ?? defaultOrigin
  }

  // MARK: Lines about other lines

  mutating func askForDefaultListener() { defaultOrigin = defaultOrigin ?? line }

  mutating func beginListener(_ words: [String]) throws(ValueFault) {
    let port: UInt16 = try Values.number(words[0], 0...65_535)
    let place = words.dropFirst().first.flatMap { $0.hasPrefix("#") ? nil : $0 }
    var listener: ListenerSetup
    if port == 0 {
      guard let path = place else {
        throw ValueFault("port 0 needs the path of a Unix domain socket after it")
      }
      listener = ListenerSetup(.unix(path: try Values.socketPath(path)))
    } else {
      listener = ListenerSetup(
        place.map { .address($0, port: port) } ?? .everywhere(port: port))
    }
    listener.origin = .file(line, word: "listener")
    current = listeners.count
    listeners.append(listener)
  }
}
