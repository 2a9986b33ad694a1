// Where `mqtt broker` keeps what must outlive it, and how surely. The place has a default that two
// brokers of one account never share: it is named after the first place where the broker listens.

package import MQTTBroker

/// What is kept on disk, and how.
package struct PersistenceSettings: Equatable, Sendable {
  /// Whether nothing is kept on disk at all.
  package var isInMemoryOnly = false
  /// The directory that was named.
  package var directory: String?
  /// The name that a configuration file gives mosquitto's file.
  package var fileName: String?
  /// Whether it was mosquitto that kept its data in that file.
  package var hasMosquittoFile = false
  package var synchronization = SynchronizationMode.full
  /// Whether a damaged store keeps the broker from starting.
  package var isStrict = false

  /// On disk, at the default place.
  package init() {}

  /// The name that mosquitto's file has when nobody gives it another one.
  private static let usualFileName = "mosquitto.db"

  /// The directory to use: the one that was named, or `mqtt/broker-PORT` below the account's
  /// directory for state; in it one for the file's name, where that is not the usual one, so that
  /// two brokers may share a location as with mosquitto.
  package func directory(
    of listeners: [ListenerSetup], environment: (String) -> String?
  ) -> String {
    let place =
      directory ?? Self.stateDirectory(environment) + "/mqtt/broker" + Self.suffix(listeners)
    guard let fileName, fileName != Self.usualFileName else { return place }
    return place + "/\(fileName).mqtt"
  }

  /// Where mosquitto would have kept what lasts; nil when nobody says that it has.
  ///
  /// Without a location that is the directory in which it is started.
  package var mosquittoFile: String? {
    if !hasMosquittoFile { return nil }
    return (directory ?? ".") + "/" + (fileName ?? Self.usualFileName)
  }

  private static func stateDirectory(_ environment: (String) -> String?) -> String {
    if let state = environment("XDG_STATE_HOME"), state.hasPrefix("/") { return state }
    if let home = environment("HOME"), !home.isEmpty { return home + "/.local/state" }
    // A service without a home keeps its data where services do.
    return "/var/lib"
  }

  private static func suffix(_ listeners: [ListenerSetup]) -> String {
    var path: String?
    for listener in listeners {
      switch listener.place {
      case .loopback(let port), .everywhere(let port), .address(_, let port): return "-\(port)"
      case .unix(let place): path = path ?? place
      }
    }
    guard let path else { return "-1883" }
    let name = path.drop { $0 == "/" }.map { $0 == "/" ? "-" : $0 }
    // Half of what a file's name may have, in characters of up to two bytes.
    return "-" + String(name.suffix(120))
  }
}
