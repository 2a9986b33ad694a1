// A row of the table of settings: what a setting is called in a file and on the command line, whom it
// concerns, what its value may be, what holds without a word about it, where it goes, and what a
// manual says of it. Parser, file reader, help, manual pages, completions, the test of a
// configuration, and what engine, server and TLS get are read off these rows; a setting stands
// nowhere else but in the field that its row names.

import Text

/// A row of the table.
package struct Setting: Sendable {
  /// The option of the command line; nil where only a file can say it.
  package var option: OptionWord?
  /// The word of a configuration file; nil where only the command line can say it.
  package var word: FileWord?
  var kind: Kind
  var target: Target
  /// What holds without a word about it where a file for mosquitto is read; nil is the same as
  /// elsewhere, which the field itself says.
  var valueWithFile: SettingValue?
  /// The default for people, where the value does not say it.
  var defaultText: String?
  /// One sentence for `--help`, without a full stop.
  package var help: String
  /// Further sentences for the manual page.
  package var manual: String
  /// The option of a plugin that says it, where it has neither an option nor a word.
  var ofPlugin = ""
  /// The heading that it stands under.
  package var group = ""

  /// A setting that can be said once it has an option or a word.
  init(_ help: String, _ kind: Kind, _ target: Target, manual: String = "") {
    self.help = help
    self.manual = manual
    self.kind = kind
    self.target = target
  }

  /// What its values are, as the command line takes them; a file may take more.
  enum Kind: Sendable {
    case truth
    case number(ClosedRange<Int>)
    case choice([String])
    /// Any text that is not empty; this is what it is.
    case text(String)
    case read(@Sendable (String) throws(ValueFault) -> SettingValue)
    /// Each further one is added to those `before`.
    case gathered(
      @Sendable (_ text: String, _ before: [String]) throws(ValueFault) -> [String])
  }

  /// Where its value goes: each scope has a case, with a field of what is resolved for it.
  enum Target: Sendable {
    case broker(Field<BrokerSettings>)
    case listener(Field<ListenerSetup>, Concern = .every)
    /// It makes a listener; one that `isFallback` is only made where no other has TLS.
    case place(
      isFallback: Bool = false, @Sendable (String) throws(ValueFault) -> ListenerSetup)
    /// It says something about the lines around it.
    case line(@Sendable (inout FileLayer, SettingValue) throws(ValueFault) -> Void)
    case nothing

    /// What names the field.
    var path: (any AnyKeyPath & Sendable)? {
      switch self {
      case .broker(let field): field.path
      case .listener(let field, _): field.path
      case .place, .line, .nothing: nil
      }
    }
  }

  /// The listeners that an option has a meaning for.
  enum Concern: Sendable {
    case every
    case tls
    /// Those with TLS, and those that are told of a client's certificate in a PROXY header.
    case certificates
    case webSockets

    func concerns(_ listener: ListenerSetup) -> Bool {
      switch self {
      case .every: true
      case .tls: listener.usesTLS
      case .certificates: listener.usesTLS || listener.learnsOfCertificates
      case .webSockets: listener.speech != .mqtt
      }
    }
  }

  /// What it is called: by a file, or else by the command line.
  var name: String { word?.name ?? option.map { "--\($0.long)" } ?? ofPlugin }
}

/// How a setting stands on the command line.
package struct OptionWord: Sendable {
  /// What a shell can offer as its value.
  package enum Completion: Equatable, Sendable {
    case free
    case choices([String])
    case file
    case directory
  }

  /// The long spelling without its dashes.
  package var long: String
  /// The short spelling without its dash.
  package var letter: Character?
  /// Other long spellings.
  package var aliases: [String] = []
  /// The placeholder of the value; nil for a flag.
  package var valueName: String?
  package var completion = Completion.free
  /// A value that is right.
  package var example = ""
  package var isRepeatable = false
  /// What a flag says.
  var meaning = SettingValue.truth(true)
  /// Something else that becomes true with it.
  var also: Setting.Target?
}

/// How a setting stands in a configuration file.
package struct FileWord: Sendable {
  /// Whom the word concerns.
  package enum Scope: Equatable, Sendable {
    /// The whole broker.
    case process
    /// The whole broker, or the last `listener` after `per_listener_settings true`.
    case security
    /// The last `listener`, or the default listener before the first.
    case listener
    /// The same, but it must stand below a `listener`.
    case namedListener
    /// The last `plugin`.
    case plugin
    /// The last `connection`.
    case connection
  }

  /// What becomes of it.
  package enum Standing: Equatable, Sendable {
    case obeyed
    /// It is read and has no effect, for this reason.
    case ignored(String)
    /// It is an error, for this reason.
    case refused(String)
  }

  /// How its value is read, where that differs from the kind of the setting.
  enum Reading: Sendable {
    /// As the kind says.
    case usual
    case truth
    case number(ClosedRange<Int>, @Sendable (Int) -> SettingValue)
    /// Everything up to the end of the line.
    case text(@Sendable (String) throws(ValueFault) -> SettingValue)
    /// Words with blanks between them; at least one.
    case words(@Sendable ([String]) throws(ValueFault) -> SettingValue)
    /// Anything, for an option that has no effect.
    case anything
  }

  /// The word; only its beginning, where it ends with `_`.
  package var name: String
  package var scope = Scope.process
  var reading = Reading.usual
  /// The value as the manual shows it.
  package var valueName = ""
  var defaultText: String?
  /// Whether a text may stand several times for the same broker, listener or plugin.
  var isRepeatable = false
  package var standing = Standing.obeyed
  /// Whether it is heeded when the broker starts and not when the file is read again.
  package var needsRestart = false
  /// What should stand in its place; nil when mosquitto does not call it old.
  package var replacement: String?
  /// The sentence of the manual, where it differs from that of the option.
  var help: String?
  /// A field that the same value goes to.
  var also: Setting.Target?
  /// What there is to say about some of its values.
  var note: (@Sendable (_ word: String) -> String?)?

  /// Whether ``name`` is only the beginning, as that of `plugin_opt_*` is.
  package var isPrefix: Bool { name.hasSuffix("_") }
}
