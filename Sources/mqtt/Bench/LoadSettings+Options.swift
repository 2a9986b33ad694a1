// From what the user asked for to what the workers are told.

import Bench
import Commands
import Glibc
import MQTTClient
import MQTTCodec
import MQTTSession
import Transport

extension LoadSettings {
  /// The settings of one scenario against the brokers of `options`.
  init(_ scenario: Scenario, _ options: BenchOptions) throws(StartFailure) {
    self.init()
    self.scenario = scenario
    cast = Cast(scenario)
    run = UInt16.random(in: 1...UInt16.max)
    threads = min(options.threads, max(1, cast.clientCount))
    setQuality(options)
    setRhythm(options)
    try setMessages(options)
    try setIdentity(options)
    try checkLengths()
    try setTargets(options)
  }

  private mutating func setQuality(_ options: BenchOptions) {
    let usual: QoS = isOffline || isRetainedReplay ? .atLeastOnce : .atMostOnce
    publishQoS = options.publishQoS ?? usual
    subscribeQoS = options.subscribeQoS ?? usual
    isRetained = options.isRetained || isRetainedReplay
    switch options.connection.version {
    // Until the broker has been looked at.
    case .auto: version = .v5
    case .exactly(let exact): version = exact
    }
  }

  private mutating func setRhythm(_ options: BenchOptions) {
    ratePerSecond = options.ratePerSecond
    count = options.count
    var usualSeconds = 10.0
    switch scenario {
    case .retained(let messages), .offline(let messages):
      count = options.count ?? messages
      usualSeconds = .infinity
    case .connections, .publish, .subscribe, .exchange, .requests:
      if count != nil { usualSeconds = .infinity }
    }
    let seconds = options.durationSeconds ?? usualSeconds
    durationNanoseconds = seconds.isFinite ? Int64(seconds * 1e9) : .max
    warmUpNanoseconds = Int64(options.warmUpSeconds * 1e9)
    drainNanoseconds = Int64(options.drainSeconds * 1e9)
    window = options.window ?? (cast.answers ? 1 : 20)
    connectingAtOnce = max(1, options.connectingAtOnce / threads)
    connectRate = options.connectRate.map { $0 / Double(threads) }
    if let limit = options.outstandingLimit {
      outstandingLimit = limit
    } else if publishQoS == .atMostOnce {
      // Enough for the highest throughput, not enough for a broker to drop.
      let bytes = options.payloadSize + 64
      outstandingLimit = max(
        cast.fanOut, min(10_000 * max(1, cast.fanOut), 4_194_304 / bytes))
    }
  }

  private mutating func setMessages(_ options: BenchOptions) throws(StartFailure) {
    payloadSize = options.payloadSize
    publishProperties = options.publishProperties
    if let path = options.payloadFile {
      guard let bytes = WholeFile.contents(path) else {
        throw StartFailure(
          description: "cannot read \(path): \(String(cString: strerror(errno)))")
      }
      guard let text = String(validating: bytes, as: UTF8.self) else {
        throw StartFailure(description: "\(path) is not text in UTF-8")
      }
      if bytes.count > 250_000_000 {
        throw StartFailure(
          description: "\(path) has \(bytes.count) bytes; a payload has 250000000 at most")
      }
      payload = PlaceholderText(text)
    } else {
      payload = options.payload.map(PlaceholderText.init)
    }
    if let payload {
      payloadSize = MessageStamp.size + payload.text(PlaceholderText.Values()).utf8.count
    }
    let own = "mqtt-bench/\(String(run, radix: 16))"
    var text = options.topic ?? (cast.isPaired ? own + "/%i" : own)
    if isRetainedReplay && !PlaceholderText(text).variesByMessage { text += "/%s" }
    topic = PlaceholderText(text)
    filter = options.filter.map(PlaceholderText.init)
    if case .subscribe = scenario, filter == nil, options.topic == nil {
      filter = PlaceholderText("#")
    }
  }

  private mutating func setIdentity(_ options: BenchOptions) throws(StartFailure) {
    let connection = options.connection
    keepAliveSeconds = connection.keepAliveSeconds
    cleanStart = connection.cleanStart
    sessionExpirySeconds = connection.sessionExpirySeconds
    connectProperties = connection.connectProperties
    will = connection.will
    firstNumber = options.firstNumber
    var name =
      connection.clientIdentifier ?? connection.clientIdentifierPrefix
      ?? "bench-\(String(run, radix: 16))-"
    if !PlaceholderText(name).variesByClient { name += "%i" }
    clientIdentifier = PlaceholderText(name)
    userName = connection.userName.map(PlaceholderText.init)
    if let bytes = try connection.passwordBytes() {
      // Placeholders stand in text.
      guard let text = String(validating: bytes, as: UTF8.self) else {
        throw StartFailure(
          description: "expected a password in UTF-8, which may hold placeholders",
          status: ExitStatus.usage)
      }
      password = PlaceholderText(text)
    }
  }

  /// Refuses texts that are longer than a packet can say once their placeholders are filled in.
  private func checkLengths() throws(StartFailure) {
    var values = values(max(0, cast.clientCount - 1))
    (values.message, values.random, values.wallNanoseconds) = (.max, .max - 1, .max)
    let texts: KeyValuePairs = [
      "client identifier": values.clientIdentifier + Self.lookSuffix,
      "user name": values.userName, "password": password?.text(values) ?? "",
      "topic": topic.text(values), "filter": filter?.text(values) ?? "",
    ]
    for (name, text) in texts where text.utf8.count > ConnectionOptions.stringByteLimit {
      throw StartFailure(
        description: "the \(name) has \(text.utf8.count) bytes; MQTT allows "
          + "\(ConnectionOptions.stringByteLimit)",
        status: ExitStatus.usage)
    }
  }

  /// Behind the client identifier of the client that looks at the broker first.
  private static let lookSuffix = "-look"

  private mutating func setTargets(_ options: BenchOptions) throws(StartFailure) {
    var places = [options.connection]
    for host in options.otherHosts {
      var other = options.connection
      other.unixPath = nil
      other.host = host.host
      if let port = host.port { other.port = port }
      places.append(other)
    }
    targets = []
    for place in certificates(places) {
      let endpoint = try place.endpoint()
      do throws(AddressLookupError) {
        targets.append(LoadTarget(endpoint: endpoint, addresses: try endpoint.addresses()))
      } catch {
        throw StartFailure(description: "cannot find \(error.host): \(error.reason)")
      }
    }
    for address in options.sourceAddresses {
      do throws(AddressLookupError) {
        sourceAddresses += try AddressLookup.addresses(of: address, port: 0).prefix(1)
      } catch {
        throw StartFailure(description: "cannot connect from \(address): \(error.reason)")
      }
    }
  }

  /// One place for each client where clients have certificates of their own.
  private func certificates(_ places: [ConnectionOptions]) -> [ConnectionOptions] {
    let paths = [places[0].tls?.certificateFile, places[0].tls?.keyFile].compactMap { $0 }
    guard paths.contains(where: { PlaceholderText($0).variesByClient }) else { return places }
    return (0..<cast.clientCount).map { index in
      var place = places[index % places.count]
      let values = self.values(index)
      if var tls = place.tls {
        tls.certificateFile = tls.certificateFile.map { PlaceholderText($0).text(values) }
        tls.keyFile = tls.keyFile.map { PlaceholderText($0).text(values) }
        place.tls = tls
      }
      return place
    }
  }

  /// The terms of one more client, which looks at the broker and leaves nothing behind.
  func lookSettings(_ choice: VersionChoice) -> ClientSettings {
    let values = values(0)
    var look = ClientSettings()
    look.versions =
      switch choice {
      case .auto: .automatic
      case .exactly(let version): .only(version)
      }
    look.clientIdentifier = values.clientIdentifier + Self.lookSuffix
    look.userName = userName?.text(values)
    look.password = password.map { Array($0.text(values).utf8) }
    look.connectProperties = connectProperties
    return look
  }

  /// Refuses what the process cannot do, with the number that it can.
  func checkDescriptors() throws(StartFailure) {
    // A reactor has two of its own, and the process a few.
    let reserve = 16 + 3 * threads
    let limit = ProcessSettings.raiseDescriptorLimit()
    if limit > 0 && cast.clientCount + reserve > limit {
      throw StartFailure(
        description: """
          \(scenario) needs \(cast.clientCount) connections, and the limit of open files allows \
          \(max(0, limit - reserve)); raise it with ulimit -n, or measure less
          """)
    }
  }
}
