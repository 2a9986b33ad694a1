// What holds, and who says so: for somebody who wonders what became of a file and a command line.

/// The list of all settings that hold.
package enum EffectiveSettings {
  /// Where the third column begins, if what stands before it leaves room.
  private static let originColumn = 48

  /// A line for each setting: its word in a file, or else its option; its value; who says so.
  ///
  /// `listeners` follow those of the broker, each with its own settings indented below it; what has
  /// no meaning for a listener is left out.
  package static func text(
    _ settings: BrokerSettings, _ listeners: [ListenerSetup]
  ) -> String {
    var text = ""
    for (position, row) in rows {
      guard case .broker(let field) = row.target else { continue }
      text += line(row, field.get(settings), settings.origins[position])
    }
    for listener in listeners {
      text += line(
        "listener \(listener.place.nameInList)\(listener.usesTLS ? " with TLS" : "")",
        settings.isUnasked ? .standard : listener.origin)
      for (position, row) in rows {
        guard case .listener(let field, let concern) = row.target, concern.concerns(listener)
        else { continue }
        text += "  " + line(row, field.get(listener), listener.origins[position], width: 2)
      }
    }
    return text
  }

  /// The rows of fields, each field once, but for those that say what to do and not what holds.
  private static var rows: [(Int, Setting)] {
    let orders: [AnyKeyPath] = [
      \BrokerSettings.configurationFile, \BrokerSettings.isTest, \BrokerSettings.isDaemon,
      \BrokerSettings.isVerbose, \BrokerSettings.isQuiet,
    ]
    return Setting.table.enumerated().filter { position, row in
      guard let path = row.target.path else { return false }
      return !orders.contains(path) && Setting.position(of: path) == position
    }
  }

  private static func line(
    _ row: Setting, _ value: SettingValue, _ origin: SettingOrigin, width: Int = 0
  ) -> String {
    line("\(row.name) \(value.shown ?? row.defaultText ?? "none")", origin, width: width)
  }

  private static func line(_ text: String, _ origin: SettingOrigin, width: Int = 0) -> String {
    let gap = max(2, originColumn - width - text.count)
    return text + String(repeating: " ", count: gap) + "\(origin)\n"
  }
}

extension ListenerSetup.Place {
  fileprivate var nameInList: String {
    if case .loopback(let port) = self { return "\(port) localhost" }
    return description
  }
}
