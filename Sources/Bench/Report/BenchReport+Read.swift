// Reading a report again. A text that is none says what is missing.

import Text

/// Why a text is no report.
package struct ReportFault: Error, Equatable, Sendable, CustomStringConvertible {
  /// In words, without a full stop.
  package var description: String
}

extension BenchReport {
  /// Reads what ``json`` wrote; members that it does not know are left out.
  package init(reading bytes: [UInt8]) throws(ReportFault) {
    let json: JSONValue
    do throws(JSONFault) {
      json = try JSONValue.parse(bytes)
    } catch {
      throw ReportFault(description: "is not JSON from byte \(error.offset) on")
    }
    guard json["format"]?.text == Self.format, case .array(let runs)? = json["runs"] else {
      throw ReportFault(description: "is not a report of mqtt bench --json")
    }
    var facts = ReportFacts()
    facts.command = json["command"]?.text ?? ""
    facts.program = json["program"]?.text ?? ""
    facts.started = json["started"]?.text ?? ""
    facts.host = json["host"]?["name"]?.text ?? ""
    facts.kernel = json["host"]?["kernel"]?.text ?? ""
    facts.processor = json["host"]?["processor"]?.text ?? ""
    facts.coreCount = Int(json["host"]?["cores"]?.double ?? 0)
    facts.memoryBytes = Int(json["host"]?["memory_bytes"]?.double ?? 0)
    facts.congestionControl = json["host"]?["tcp_congestion_control"]?.text ?? ""
    self.init(facts: facts, runs: runs.map(RunResult.init))
  }
}

extension RunResult {
  fileprivate init(_ json: JSONValue) {
    self.init()
    scenario = json["scenario"]?.text ?? ""
    target = json["target"]?.text ?? ""
    broker = json["broker_version"]?.text ?? ""
    if broker == "unknown" { broker = "" }
    version = json["version"]?.text ?? ""
    quality = QualityPair(
      publish: UInt8(clamping: json["qos"]?["publish"]?.count ?? 0),
      subscribe: UInt8(clamping: json["qos"]?["subscribe"]?.count ?? 0))
    payloadBytes = Int(clamping: json["payload_bytes"]?.count ?? 0)
    ratePerSecond = json["rate_asked"]?.double
    loop = json["loop"]?.text ?? ""
    measuredSeconds = json["measured_seconds"]?.double ?? 0
    sendingSeconds = json["sending_seconds"]?.double ?? 0
    measuredSent = json["measured_sent"]?.count ?? 0
    measuredReceived = json["measured_received"]?.count ?? 0
    promisesOrder = json["promises_order"] != .truth(false)
    isInterrupted = json["interrupted"] == .truth(true)
    for (name, path) in Tally.fields { tally[keyPath: path] = json["counts"]?[name]?.count ?? 0 }
    for kind in LatencyKind.allCases {
      latencies[kind] = json["latency_us"]?[kind.rawValue].flatMap(LatencySummary.init)
    }
    if case .object(let members)? = json["figures"] {
      figures = members.compactMap { member in
        member.value.double.map {
          Figure(name: String(decoding: member.name, as: UTF8.self), value: $0)
        }
      }
    }
    readUse(json)
    if case .array(let list)? = json["failures"] {
      failures = list.map {
        Failure(
          reason: $0["reason"]?.text ?? "", count: Int(clamping: $0["count"]?.count ?? 0))
      }
    }
    if case .array(let list)? = json["seconds"] { seconds = list.map(SecondSample.init) }
  }

  private mutating func readUse(_ json: JSONValue) {
    if let use = json["generator"] {
      generator.threads = Int(clamping: use["threads"]?.count ?? 0)
      generator.cpuSeconds = use["cpu_seconds"]?.double ?? 0
      generator.busiestThreadShare = use["busiest_thread"]?.double ?? 0
      generator.lateP99Microseconds = use["late_p99_us"]?.double
      generator.lateMaximumMicroseconds = use["late_max_us"]?.double
      generator.residentBytes = Int(clamping: use["resident_bytes"]?.count ?? 0)
    }
    if let use = json["broker"], let process = use["pid"]?.count {
      var broker = ProcessUse(process: Int(clamping: process))
      broker.cpuSeconds = use["cpu_seconds"]?.double ?? 0
      broker.residentBytesBefore = Int(clamping: use["resident_bytes_before"]?.count ?? 0)
      broker.residentBytesAfter = Int(clamping: use["resident_bytes_after"]?.count ?? 0)
      broker.residentBytesHighest = Int(clamping: use["resident_bytes_highest"]?.count ?? 0)
      watched = broker
    }
  }
}

extension LatencySummary {
  fileprivate init?(_ json: JSONValue) {
    guard let count = json["count"]?.count, case .array(let list)? = json["percentiles"] else {
      return nil
    }
    let points = list.compactMap { pair -> Point? in
      guard case .array(let two) = pair, two.count == 2, let percentile = two[0].double,
        let microseconds = two[1].double
      else { return nil }
      return Point(percentile: percentile, microseconds: microseconds)
    }
    self.init(count: count, meanMicroseconds: json["mean"]?.double ?? 0, points: points)
  }
}

extension SecondSample {
  fileprivate init(_ json: JSONValue) {
    self.init(second: Int(json["second"]?.double ?? 0))
    sent = json["sent"]?.count ?? 0
    received = json["received"]?.count ?? 0
    acknowledged = json["acknowledged"]?.count ?? 0
    receivedBytes = json["received_bytes"]?.count ?? 0
    connected = json["connected"]?.count ?? 0
    p50Microseconds = json["p50_us"]?.double
    p99Microseconds = json["p99_us"]?.double
    maximumMicroseconds = json["max_us"]?.double
  }
}

extension JSONValue {
  fileprivate subscript(name: String) -> JSONValue? {
    guard case .object(let members) = self else { return nil }
    return members.first { $0.name.elementsEqual(name.utf8) }?.value
  }

  fileprivate var text: String? {
    if case .string(let bytes) = self { String(decoding: bytes, as: UTF8.self) } else { nil }
  }

  fileprivate var double: Double? {
    if case .number(let number) = self { number } else { nil }
  }

  /// A number from 0 up.
  fileprivate var count: UInt64? {
    guard let double, double >= 0, double < 1.8e19 else { return nil }
    return UInt64(double)
  }
}
