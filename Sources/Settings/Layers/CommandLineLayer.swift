// What the command line says, which counts more than a file and than the defaults.

package import Text

/// Settings and listeners of a command line, understood word by word.
package struct CommandLineLayer: Sendable {
  /// In the order in which they were said.
  private(set) var assignments: [Assignment] = []
  /// The listeners that it names.
  private(set) var listeners: [ListenerSetup] = []
  /// The listener with TLS that is made where it names no other one.
  private var fallback: ListenerSetup?

  /// Nothing is said.
  package init() {}

  /// Takes the option of `row` on; a flag has no `text`.
  package mutating func take(_ row: Setting, _ text: String = "") throws(ValueFault) {
    guard let option = row.option else { return }
    let origin = SettingOrigin.option("--\(option.long)")
    if case .place(let isFallback, let make) = row.target {
      var listener = try make(text)
      listener.origin = origin
      if isFallback { fallback = listener } else { listeners.append(listener) }
      return
    }
    let value = option.valueName == nil ? option.meaning : try row.value(ofOption: text)
    try assignments.add(Assignment(target: row.target, value: value, origin: origin), of: row)
    if let also = option.also {
      assignments.append(Assignment(target: also, value: .truth(true), origin: origin))
    }
  }

  /// What it says of the broker, over what `settings` are.
  func apply(to settings: inout BrokerSettings) {
    for assignment in assignments { settings.take(assignment) }
  }

  /// The file that it names.
  package var configurationFile: String? {
    assignments.last(\BrokerSettings.configurationFile)?.value.text
  }

  /// The listeners that it names, where each begins as `pattern`; those that share a place and speak
  /// differently are one.
  func ownListeners(_ pattern: ListenerSetup) -> [ListenerSetup] {
    var own = listeners
    if let fallback, !own.contains(where: \.usesTLS) { own.append(fallback) }
    var joined: [ListenerSetup] = []
    for listener in own {
      let twin = joined.firstIndex { other in
        other.place == listener.place && other.usesTLS == listener.usesTLS
          && other.speech != listener.speech
      }
      if let twin { joined[twin].speech = .both } else { joined.append(listener) }
    }
    return joined.map { listener in
      var result = pattern
      result.place = listener.place
      result.speech = listener.speech
      result.usesTLS = listener.usesTLS
      result.origin = listener.origin
      return result
    }
  }

  /// Whether it says what the field at `path` is.
  func says(_ path: any AnyKeyPath & Sendable) -> Bool { assignments.last(path) != nil }

  /// What it alone can be wrong about.
  package func check() throws(SettingConflict) {
    let hasCertificate = says(\ListenerSetup.tls.certificateFile)
    if hasCertificate != says(\ListenerSetup.tls.keyFile) {
      throw SettingConflict(
        hasCertificate ? "--cert" : "--key", "a certificate and its key are needed together",
        example: "--cert server.crt --key server.key")
    }
    var settings = BrokerSettings()
    apply(to: &settings)
    let ofStore = assignments.filter { said in
      said.target.path.map { $0 as AnyKeyPath == \BrokerSettings.store.isInMemoryOnly } ?? false
    }
    if ofStore.contains(where: { !$0.value.isTrue }),
      let detail = ofStore.last(where: \.value.isTrue)
    {
      throw SettingConflict("\(detail.origin)", "cannot be used together with --memory")
    }
    if settings.isVerbose, settings.isQuiet {
      throw SettingConflict("-v", "cannot be used together with -q")
    }
    if settings.isTest, configurationFile == nil {
      throw SettingConflict(
        "--test-config", "needs -c, the file that is to be tested",
        example: "-c /etc/mosquitto/mosquitto.conf --test-config")
    }
  }
}

/// An option that does not go together with the rest of what was said.
package struct SettingConflict: Error, Equatable, Sendable {
  package var option: String
  /// What is wrong, without a full stop.
  package var problem: String
  /// Words that would be right; empty when there are none to name.
  package var example: String

  init(_ option: String, _ problem: String, example: String = "") {
    self.option = option
    self.problem = problem
    self.example = example
  }

  /// `OPTION: PROBLEM, for example: EXAMPLE`.
  package var description: String {
    "\(option): \(problem)" + (example.isEmpty ? "" : ", for example: \(example)")
  }
}

extension Setting {
  /// What its option means by `text`.
  func value(ofOption text: String) throws(ValueFault) -> SettingValue {
    switch kind {
    case .truth: return .truth(try Values.truth(text))
    case .number(let range): return .number(try Values.number(text, range))
    case .choice(let words):
      if words.contains(text) { return .text(text) }
      throw .expected(words.joined(choicesWith: "or"))
    case .text(let what): return .text(try Values.name(text, what))
    case .read(let read): return try read(text)
    case .gathered: return .text(text)
    }
  }
}
