// The values of settings, whatever their fields are: what a line or a word was understood as before
// it is known which broker or listener it is for. And the way from there to a field, and back.

import MQTTBroker
import MQTTCodec

/// What a setting is.
package enum SettingValue: Equatable, Sendable {
  case truth(Bool)
  case number(Int)
  case text(String)
  case texts([String])
  /// Nothing is said.
  case unset

  var isTrue: Bool { self == .truth(true) }

  var number: Int? {
    if case .number(let number) = self { return number }
    return nil
  }

  var text: String? {
    if case .text(let text) = self { return text }
    return nil
  }

  var texts: [String] {
    switch self {
    case .texts(let texts): texts
    case .text(let text): [text]
    case .truth, .number, .unset: []
    }
  }

  /// As a file has it; nil when nothing is said.
  var shown: String? {
    switch self {
    case .truth(let isTrue): "\(isTrue)"
    case .number(.max): "no limit"
    case .number(let number): "\(number)"
    case .text(let text): text.isEmpty ? nil : text
    case .texts(let texts): texts.isEmpty ? nil : texts.joined(separator: ", ")
    case .unset: nil
    }
  }
}

/// The place of a setting's value in what is resolved.
struct Field<Root>: Sendable {
  /// What names it.
  let path: any AnyKeyPath & Sendable
  let get: @Sendable (Root) -> SettingValue
  let set: @Sendable (inout Root, SettingValue) -> Void
}

extension Field {
  typealias Path<Value> = any WritableKeyPath<Root, Value> & Sendable

  static func truth(_ path: Path<Bool>) -> Field {
    Field(path: path) {
      .truth($0[keyPath: path])
    } set: {
      $0[keyPath: path] = $1.isTrue
    }
  }

  /// A choice that a field holds the opposite of.
  static func opposite(_ path: Path<Bool>) -> Field {
    Field(path: path) {
      .truth(!$0[keyPath: path])
    } set: {
      $0[keyPath: path] = !$1.isTrue
    }
  }

  static func truth(_ path: Path<Bool?>) -> Field {
    Field(path: path) {
      $0[keyPath: path].map { .truth($0) } ?? .unset
    } set: {
      $0[keyPath: path] = $1 == .unset ? nil : $1.isTrue
    }
  }

  static func number<N: FixedWidthInteger & SendableMetatype>(_ path: Path<N>) -> Field {
    Field(path: path) {
      .number(Int(clamping: $0[keyPath: path]))
    } set: {
      if let number = $1.number { $0[keyPath: path] = N(clamping: number) }
    }
  }

  static func number<N: FixedWidthInteger & SendableMetatype>(_ path: Path<N?>) -> Field {
    Field(path: path) {
      $0[keyPath: path].map { .number(Int(clamping: $0)) } ?? .unset
    } set: {
      $0[keyPath: path] = $1.number.map { N(clamping: $0) }
    }
  }

  static func text(_ path: Path<String>) -> Field {
    Field(path: path) {
      .text($0[keyPath: path])
    } set: {
      $0[keyPath: path] = $1.text ?? ""
    }
  }

  static func text(_ path: Path<String?>) -> Field {
    Field(path: path) {
      $0[keyPath: path].map { .text($0) } ?? .unset
    } set: {
      $0[keyPath: path] = $1.text
    }
  }

  static func texts(_ path: Path<[String]>) -> Field {
    Field(path: path) {
      .texts($0[keyPath: path])
    } set: {
      $0[keyPath: path] = $1.texts
    }
  }

  /// One of the words that stand for the cases of `E`.
  static func word<E: RawRepresentable<String> & SendableMetatype>(_ path: Path<E>) -> Field {
    Field(path: path) {
      .text($0[keyPath: path].rawValue)
    } set: {
      if let value = $1.text.flatMap(E.init(rawValue:)) { $0[keyPath: path] = value }
    }
  }

  static func word<E: RawRepresentable<String> & SendableMetatype>(_ path: Path<E?>) -> Field {
    Field(path: path) {
      $0[keyPath: path].map { .text($0.rawValue) } ?? .unset
    } set: {
      $0[keyPath: path] = $1.text.flatMap(E.init(rawValue:))
    }
  }
}
