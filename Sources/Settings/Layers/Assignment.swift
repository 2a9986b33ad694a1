// Something that was said: by a line of a file, or by a word of the command line. It is understood by
// then and waits to be laid over what was said before it.

import Text

/// A value on its way to a field.
struct Assignment: Sendable {
  /// Whom it is for.
  enum Owner: Equatable {
    /// The broker, or every listener.
    case all
    /// The listener before the first that a file names.
    case defaultListener
    /// The listener at this position in a file.
    case listener(Int)
  }

  var target: Setting.Target
  var value: SettingValue
  var origin: SettingOrigin
  var owner = Owner.all
}

extension BrokerSettings {
  /// Takes on what is said of the broker.
  mutating func take(_ assignment: Assignment) {
    guard case .broker(let field) = assignment.target else { return }
    field.set(&self, assignment.value)
    if let position = Setting.position(of: field.path) { origins[position] = assignment.origin }
  }
}

extension ListenerSetup {
  /// Takes on what is said of listeners.
  mutating func take(_ assignment: Assignment) {
    guard case .listener(let field, _) = assignment.target else { return }
    field.set(&self, assignment.value)
    if let position = Setting.position(of: field.path) { origins[position] = assignment.origin }
  }
}

extension [Assignment] {
  /// The last one for the field at `path` and this owner.
  func last(
    _ path: any AnyKeyPath & Sendable, of owner: Assignment.Owner = .all
  ) -> Assignment? {
    position(path, of: owner).map { self[$0] }
  }

  private func position(
    _ path: any AnyKeyPath & Sendable, of owner: Assignment.Owner
  ) -> Int? {
    let path: AnyKeyPath = path
    return lastIndex { said in
      said.owner == owner && said.target.path.map { $0 as AnyKeyPath == path } ?? false
    }
  }

  /// Adds what `row` was told; of values that are gathered, there is one for each owner.
  mutating func add(_ assignment: Assignment, of row: Setting) throws(ValueFault) {
    guard case .gathered(let gather) = row.kind, case .text(let text) = assignment.value,
      let path = row.target.path
    else { return append(assignment) }
    let before = position(path, of: assignment.owner)
    var result = assignment
    result.value = .texts(try gather(text, before.map { self[$0].value.texts } ?? []))
    if let before { self[before] = result } else { append(result) }
  }
}
