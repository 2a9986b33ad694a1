// The words that say what a rule of an ACL file does.

/// The access word of a `topic` or `pattern` line.
enum AccessWord: String, CaseIterable {
  case read
  case write
  case readwrite
  case deny
  /// Allows subscribing to filters that lie within this one, and no more.
  case subscribe
  /// Denies reading only.
  case readdeny
  /// Denies writing only.
  case writedeny

  /// Whether mosquitto has it.
  var isStandard: Bool {
    switch self {
    case .read, .write, .readwrite, .deny: true
    case .subscribe, .readdeny, .writedeny: false
    }
  }

  var allows: AccessActions {
    switch self {
    case .read: .deliver
    case .write: .publish
    case .readwrite: [.deliver, .publish]
    case .subscribe: .subscribe
    case .deny, .readdeny, .writedeny: []
    }
  }

  var denies: AccessActions {
    switch self {
    case .deny: [.deliver, .publish, .subscribe]
    case .readdeny: [.deliver, .subscribe]
    case .writedeny: .publish
    case .read, .write, .readwrite, .subscribe: []
    }
  }
}
