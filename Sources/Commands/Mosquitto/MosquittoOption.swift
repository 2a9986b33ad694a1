// A row of the table of mosquitto.conf's options: whom it concerns, what its value is, what it does
// to the draft of the options that are being gathered. Reading, errors and the section CONFIGURATION
// FILE of the manual page are made from these rows and from nothing else.
//
// All options of mosquitto 2.0 and 2.1 stand here, those too that mean nothing to this program: a
// file that mosquitto takes is taken. What is ignored says why, and is told once with its place.

/// Whom an option concerns.
package enum MosquittoScope: Equatable, Sendable {
  /// The whole broker.
  case general
  /// The whole broker, or the last `listener` after `per_listener_settings true`.
  case security
  /// The last `listener`, or the default listener before the first.
  case listener
  /// The last `plugin`.
  case plugin
  /// The last `connection`.
  case bridge
}

/// What becomes of an option here.
package enum MosquittoStanding: Equatable, Sendable {
  case obeyed
  /// It is read and has no effect, for this reason.
  case ignored(String)
  /// It is an error, for this reason.
  case refused(String)
}

/// A row of the table.
struct MosquittoOption: Sendable {
  /// What a value is, and what happens with it.
  enum Action: Sendable {
    case truth(@Sendable (inout MosquittoDraft, Bool) throws(ValueFault) -> Void)
    case number(
      ClosedRange<Int>, @Sendable (inout MosquittoDraft, Int) throws(ValueFault) -> Void)
    /// Everything up to the end of the line.
    case text(String, @Sendable (inout MosquittoDraft, String) throws(ValueFault) -> Void)
    /// Words with blanks between them; at least one.
    case words(String, @Sendable (inout MosquittoDraft, [String]) throws(ValueFault) -> Void)
    /// Anything, for an option that has no effect.
    case anything(String)
  }

  var name: String
  var scope: MosquittoScope
  var action: Action
  /// What holds when the option is not there; nil when that needs no words.
  var defaultText: String?
  /// Whether it may stand several times for the same broker, listener or plugin.
  var isRepeatable: Bool
  var standing = MosquittoStanding.obeyed
  /// Whether it is heeded when the broker starts and not when the file is read again.
  var needsRestart = false
  /// What should stand in its place; nil when mosquitto does not call it old.
  var replacement: String?
  /// One sentence for the manual page, without a full stop.
  var help: String

  /// The value as the manual page shows it.
  var valueName: String {
    switch action {
    case .truth: "true | false"
    case .number(let range, _):
      range.upperBound >= 1 << 31 - 1 ? "N" : "\(max(0, range.lowerBound))-\(range.upperBound)"
    case .text(let name, _), .words(let name, _), .anything(let name): name
    }
  }

  /// Whether the name is only the beginning, as that of `plugin_opt_*` is.
  var isPrefix: Bool { name.hasSuffix("_") }
}

// The kinds of rows. A key path leads to the place of the value.

extension MosquittoOption {
  typealias General<Value> = any WritableKeyPath<BrokerOptions, Value> & Sendable
  typealias OfListener<Value> = any WritableKeyPath<ListenerOptions, Value> & Sendable
  typealias OfSecurity<Value> = any WritableKeyPath<AccessOptions, Value> & Sendable

  /// The largest number that mosquitto can hold in most of its options.
  static let largest = Int(Int32.max)

  /// A choice of the whole broker.
  static func truth(
    _ name: String, _ path: General<Bool>, default defaultValue: Bool, _ help: String
  ) -> MosquittoOption {
    MosquittoOption(
      name: name, scope: .general, action: .truth { $0.options[keyPath: path] = $1 },
      defaultText: "\(defaultValue)", isRepeatable: true, help: help)
  }

  /// A choice of a listener.
  static func truth(
    _ name: String, listener path: OfListener<Bool>, _ help: String
  ) -> MosquittoOption {
    MosquittoOption(
      name: name, scope: .listener, action: .truth { $0.listener[keyPath: path] = $1 },
      defaultText: "false", isRepeatable: true, help: help)
  }

  /// A choice about who gets in.
  static func truth(
    _ name: String, security path: OfSecurity<Bool?>, default defaultText: String, _ help: String
  ) -> MosquittoOption {
    MosquittoOption(
      name: name, scope: .security, action: .truth { $0.security[keyPath: path] = $1 },
      defaultText: defaultText, isRepeatable: true, help: help)
  }

  /// A number, for whomever `set` finds it.
  static func number(
    _ name: String, _ scope: MosquittoScope, _ range: ClosedRange<Int>,
    default defaultText: String? = nil, _ help: String,
    _ set: @escaping @Sendable (inout MosquittoDraft, Int) throws(ValueFault) -> Void
  ) -> MosquittoOption {
    MosquittoOption(
      name: name, scope: scope, action: .number(range, set), defaultText: defaultText,
      isRepeatable: true, help: help)
  }

  /// A text of the whole broker, such as a path; it may stand there once.
  static func text(
    _ name: String, _ valueName: String, _ path: General<String?>,
    default defaultText: String? = nil, _ help: String
  ) -> MosquittoOption {
    MosquittoOption(
      name: name, scope: .general,
      action: .text(valueName) { $0.options[keyPath: path] = $1 }, defaultText: defaultText,
      isRepeatable: false, help: help)
  }

  /// A text of a listener; it may stand there once.
  static func text(
    _ name: String, _ valueName: String, listener path: OfListener<String?>, _ help: String
  ) -> MosquittoOption {
    MosquittoOption(
      name: name, scope: .listener,
      action: .text(valueName) { $0.listener[keyPath: path] = $1 }, defaultText: nil,
      isRepeatable: false, help: help)
  }

  /// A text about who gets in; it may stand there once.
  static func text(
    _ name: String, _ valueName: String, security path: OfSecurity<String?>,
    default defaultText: String? = nil, _ help: String
  ) -> MosquittoOption {
    MosquittoOption(
      name: name, scope: .security,
      action: .text(valueName) { $0.security[keyPath: path] = $1 }, defaultText: defaultText,
      isRepeatable: false, help: help)
  }

  /// Words, for whomever `set` finds them.
  static func words(
    _ name: String, _ scope: MosquittoScope, _ valueName: String,
    default defaultText: String? = nil, _ help: String,
    _ set: @escaping @Sendable (inout MosquittoDraft, [String]) throws(ValueFault) -> Void
  ) -> MosquittoOption {
    MosquittoOption(
      name: name, scope: scope, action: .words(valueName, set), defaultText: defaultText,
      isRepeatable: true, help: help)
  }

  /// An option that is read and has no effect.
  static func ignored(
    _ name: String, _ scope: MosquittoScope, _ valueName: String, because reason: String
  ) -> MosquittoOption {
    MosquittoOption(
      name: name, scope: scope, action: .anything(valueName), defaultText: nil,
      isRepeatable: true, standing: .ignored(reason), help: "has no effect: \(reason)")
  }

  /// The same row for an option whose value is checked and has no effect.
  func ignored(because reason: String) -> MosquittoOption {
    var row = self
    row.standing = .ignored(reason)
    row.defaultText = nil
    row.help = "has no effect: \(reason)"
    return row
  }

  /// An option of a bridge, of which there are none here.
  static func bridge(_ name: String, _ valueName: String, _ help: String) -> MosquittoOption {
    MosquittoOption(
      name: name, scope: .bridge, action: .anything(valueName), defaultText: nil,
      isRepeatable: true, standing: .refused("this broker makes no bridges"), help: help)
  }

  /// The same row for an option that is heeded when the broker starts, and only then.
  func atStart() -> MosquittoOption {
    var row = self
    row.needsRestart = true
    row.help += "; changes with a restart"
    return row
  }

  /// The same row for an option that mosquitto calls old.
  func replaced(by other: String) -> MosquittoOption {
    var row = self
    row.replacement = other
    return row
  }
}
