// The options of `mqtt sub` and `mqtt pub` for databases and lists: what they become, and how
// mistakes are told.

import ClientStorage
import Commands
import MQTTCodec
import Testing
import Text

@Suite struct StoreOptionsTests {
  private let context = ParsingContext(environment: { _ in nil }, fileContents: { _ in nil })

  private func sub(_ words: String...) throws -> SubscribeOptions {
    let words = words.map { Array($0.utf8) }
    guard case .run(let options, _) = try SubscribeOptions.parse(words, in: context) else {
      throw UsageError("", "asks for help")
    }
    return options
  }

  private func pub(_ words: String...) throws -> PublishOptions {
    let words = words.map { Array($0.utf8) }
    guard case .run(let options, _) = try PublishOptions.parse(words, in: context) else {
      throw UsageError("", "asks for help")
    }
    return options
  }

  @Test func `columns have a name, perhaps a type, and a path`() throws {
    let options = try sub(
      "t", "--sqlite", "r.db", "--table", "x", "--columns",
      "a=$.a,b DOUBLE PRECISION=$['b,=c'][0]", "--columns", "c=$")
    var expected = DatabaseOptions(file: "r.db")
    expected.table = "x"
    expected.columns = [
      PayloadColumn(name: "a", type: "", path: try JSONPath("$.a")),
      PayloadColumn(name: "b", type: "DOUBLE PRECISION", path: try JSONPath("$['b,=c'][0]")),
      PayloadColumn(name: "c", type: "", path: try JSONPath("$")),
    ]
    #expect(options.store == .table(expected))
  }

  @Test func `what is stored is subscribed to with QoS 2, unless -q says otherwise`() throws {
    #expect(try sub("t", "--sqlite", "r.db").subscriptions[0].options.qos == .exactlyOnce)
    #expect(
      try sub("t", "--sqlite", "r.db", "-q", "1").subscriptions[0].options.qos == .atLeastOnce)
    #expect(try sub("t").subscriptions[0].options.qos == .atMostOnce)
    let handling = try sub("t", "--sqlite", "r.db").subscriptions[0].options.retainHandling
    #expect(handling == .ifNew)
  }

  @Test(
    arguments: [
      ("redis://", "localhost", 6379, nil, nil, 0),
      ("redis://host:7000/3", "host", 7000, nil, nil, 3),
      ("redis://:p%40ss@host", "host", 6379, nil, "p@ss", 0),
      ("redis://user:pass@[::1]:1", "::1", 1, "user", "pass", 0),
    ] as [(String, String, UInt16, String?, String?, Int)])
  func `a URL of Redis says host, port, user, password and database`(
    _ url: String, _ host: String, _ port: UInt16, _ user: String?, _ password: String?,
    _ database: Int
  ) throws {
    guard case .list(let list) = try sub("t", "--redis", url, "--list", "k").store else {
      Issue.record("no list")
      return
    }
    #expect(list.server.host == host && list.server.port == port && list.key == "k")
    #expect(
      list.server.userName == user && list.server.password == password
        && list.server.database == database)
  }

  @Test func `a URL of Redis may be the path of a socket`() throws {
    let queue = try pub("--redis", "unix:///run/redis.sock", "--list", "k").queue
    guard case .list(let list)? = queue?.source else {
      Issue.record("no list")
      return
    }
    #expect(list.server.path == "/run/redis.sock")
  }

  @Test func `an outbox needs no topic and has a window of its own`() throws {
    let options = try pub("--outbox", "app.db", "--create-table", "--until-empty")
    #expect(
      options.queue?.source == .table(file: "app.db", table: "outbox", makesTable: true))
    #expect(options.queue?.endsWhenEmpty == true)
    #expect(options.connection.inFlightLimit == 1000)
    #expect(try pub("--outbox", "app.db", "-M", "20").connection.inFlightLimit == 20)
  }

  @Test(arguments: [
    (["t", "--table", "x"], "--table: needs --sqlite as well, for example: --sqlite readings.db"),
    (["t", "--columns", "a=$.a"], "--columns: needs --sqlite as well"),
    (["t", "--redis", "redis://h"], "--redis: needs --list as well, for example: --list readings"),
    (["t", "--list", "k"], "--list: needs --redis as well"),
    (
      ["t", "--sqlite", "f", "--table", "SQLite_x"],
      "expected a name that is not one of SQLite's or of mqtt's own tables"
    ),
    (
      ["t", "--sqlite", "f", "--columns", "Topic=$.a"],
      "--columns: the column Topic is filled already; give this one another name, for example: "
        + "Topic_2=$.a"
    ),
    (
      ["t", "--sqlite", "f", "--columns", "x=$.a", "--columns", "X=$.b"],
      "--columns: the column X is filled already"
    ),
    (["t", "--redis", "http://h", "--list", "k"], "expected a URL that begins with redis://"),
    (
      ["t", "--redis", "redis://u@h", "--list", "k"], "expected USER:PASSWORD or :PASSWORD before @"
    ),
    (["t", "--sqlite", "f", "--columns", "a"], "expected a column and a path into the JSON"),
    (["t", "--sqlite", "f", "--columns", "=$.a"], "expected the name of a column before ="),
    (
      ["t", "--sqlite", "f", "--columns", "a=$.a;b"],
      "expected a comma or the end after the path $.a"
    ),
    (["t", "--sqlite", "f", "--columns", "a=b"], "a path into JSON begins with $"),
    (["t", "--sqlite", "f", "--columns", "a x;y=$.a"], "expected a type of SQL after the name"),
    (["t", "--sqlite", "f", "-x", "0"], "-x 0: would end the session"),
  ])
  func `mistakes of sub are told`(_ words: [String], _ text: String) {
    let error = #expect(throws: UsageError.self) {
      try SubscribeOptions.parse(words.map { Array($0.utf8) }, in: context)
    }
    #expect(error?.description.contains(text) == true, "\(error?.description ?? "")")
  }

  @Test(arguments: [
    (["--outbox", "f", "t"], "t: is too much: with --outbox each message has its own topic"),
    (["--outbox", "f", "-t", "t"], "--outbox: cannot be used together with a topic (t)"),
    (["--outbox", "f", "-m", "x"], "-m: cannot be used together with --outbox"),
    (["--outbox", "f", "--redis", "redis://h", "--list", "k"], "--redis: cannot be used together"),
    (["t", "x", "--table", "y"], "--table: needs --outbox as well"),
    (["t", "x", "--until-empty"], "--until-empty: needs --outbox or --redis as well"),
    (["--outbox", "f", "-x", "0"], "-x 0: would end the session"),
  ])
  func `mistakes of pub are told`(_ words: [String], _ text: String) {
    let error = #expect(throws: UsageError.self) {
      try PublishOptions.parse(words.map { Array($0.utf8) }, in: context)
    }
    #expect(error?.description.contains(text) == true, "\(error?.description ?? "")")
  }
}
