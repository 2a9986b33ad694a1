// A list in Redis, for `mqtt sub` to fill and for `mqtt pub` to publish.
//
//   redis://[[USER]:PASSWORD@]HOST[:PORT][/DATABASE]
//   unix://PATH

package import ClientStorage
import MQTTCodec
import Text

/// Where a list is.
package struct RedisListOptions: Equatable, Sendable {
  package var server: RedisAddress
  package var key: String
}

extension RedisAddress {
  private static let form = "redis://localhost:6379/0"

  /// Reads the URL of the server.
  init(url: String) throws(ValueFault) {
    self.init()
    if url.hasPrefix("unix://") {
      path = try Values.name(String(url.dropFirst(7)), "the path of a socket after unix://")
      return
    }
    guard url.hasPrefix("redis://") else {
      throw ValueFault("expected a URL that begins with redis:// or unix://", example: Self.form)
    }
    var rest = url.dropFirst(8)
    if let at = rest.lastIndex(of: "@") {
      let user = rest[..<at]
      guard let colon = user.firstIndex(of: ":") else {
        throw ValueFault("expected USER:PASSWORD or :PASSWORD before @", example: Self.form)
      }
      let name = try BrokerURL.decodedText(user[..<colon], "user name")
      userName = name.isEmpty ? nil : name
      password = try BrokerURL.decodedText(user[user.index(after: colon)...], "password")
      rest = rest[rest.index(after: at)...]
    }
    if let slash = rest.firstIndex(of: "/") {
      let number = rest[rest.index(after: slash)...]
      if !number.isEmpty { database = try Values.number(String(number), 0...65_535) }
      rest = rest[..<slash]
    }
    if rest.isEmpty { return }
    let (host, port) = try BrokerURL.split(rest)
    self.host = host
    if let port { self.port = try Values.number(String(port), 1...65_535) }
  }
}

extension RedisListOptions {
  /// Joins server and key; nil when neither is given.
  static func finished(
    _ server: RedisAddress?, _ key: String?
  ) throws(UsageError) -> RedisListOptions? {
    switch (server, key) {
    case (nil, nil): return nil
    case (nil, _?):
      throw UsageError("--list", "needs --redis as well", example: "--redis redis://localhost")
    case (_?, nil):
      throw UsageError("--redis", "needs --list as well", example: "--list readings")
    case (let server?, let key?):
      return RedisListOptions(server: server, key: key)
    }
  }
}

extension Option {
  /// `--redis` and `--list`.
  static func redis(
    _ help: String, _ manual: String, list: String,
    server: @escaping @Sendable (inout Draft, RedisAddress) -> Void,
    key: @escaping @Sendable (inout Draft, String) -> Void
  ) -> [Option] {
    [
      .value("redis", "URL", example: "redis://localhost:6379/0", help, manual: manual) {
        (draft, text) throws(ValueFault) in server(&draft, try RedisAddress(url: text))
      },
      .value("list", "KEY", example: list, "the list of --redis") {
        (draft, text) throws(ValueFault) in key(&draft, try Values.name(text, "the key of a list"))
      },
    ]
  }
}
