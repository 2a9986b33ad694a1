// A report as it is kept: what was measured on what machine, and every run. Its JSON form is read
// again by `compare`, so whatever decides there is in it.

package import Text

/// What a report says about the machine and the program.
package struct ReportFacts: Equatable, Sendable {
  package var command = ""
  package var program = ""
  package var started = ""
  package var host = ""
  package var kernel = ""
  package var processor = ""
  package var coreCount = 0
  package var memoryBytes = 0
  package var congestionControl = ""

  /// Nothing said.
  package init() {}
}

/// Facts and runs.
package struct BenchReport: Equatable, Sendable {
  /// The form of the JSON; a later one that cannot be read the same way has another name.
  package static let format = "mqtt-bench-1"

  package var facts: ReportFacts
  package var runs: [RunResult]

  /// Joins the parts.
  package init(facts: ReportFacts, runs: [RunResult]) {
    self.facts = facts
    self.runs = runs
  }
}

// Writing

extension JSONValue {
  fileprivate init(_ text: String) { self = .string(Array(text.utf8)) }

  fileprivate init(_ number: Int) { self = .number(Double(number)) }

  fileprivate init(_ number: UInt64) { self = .number(Double(number)) }

  /// A number with as many digits as a measurement deserves.
  fileprivate init(measured number: Double?) {
    self = number.map { .number(($0 * 1000).rounded() / 1000) } ?? .null
  }

  fileprivate init(members: KeyValuePairs<String, JSONValue>) {
    self = .object(members.map { Member($0.key, $0.value) })
  }
}

extension BenchReport {
  /// The report as JSON.
  package var json: JSONValue {
    JSONValue(members: [
      "format": JSONValue(Self.format), "command": JSONValue(facts.command),
      "program": JSONValue(facts.program), "started": JSONValue(facts.started),
      "host": JSONValue(members: [
        "name": JSONValue(facts.host), "kernel": JSONValue(facts.kernel),
        "processor": JSONValue(facts.processor), "cores": JSONValue(facts.coreCount),
        "memory_bytes": JSONValue(facts.memoryBytes),
        "tcp_congestion_control": JSONValue(facts.congestionControl),
      ]),
      "runs": .array(runs.map(\.json)),
    ])
  }
}

extension RunResult {
  var json: JSONValue {
    let verdict = Verdict(self)
    return JSONValue(members: [
      "scenario": JSONValue(scenario), "target": JSONValue(target),
      "broker_version": JSONValue(brokerName),
      "version": JSONValue(version),
      "qos": JSONValue(members: [
        "publish": JSONValue(Int(quality.publish)), "subscribe": JSONValue(Int(quality.subscribe)),
      ]),
      "payload_bytes": JSONValue(payloadBytes),
      "rate_asked": JSONValue(measured: ratePerSecond), "loop": JSONValue(loop),
      "measured_seconds": JSONValue(measured: measuredSeconds),
      "sending_seconds": JSONValue(measured: sendingSeconds),
      "measured_sent": JSONValue(measuredSent),
      "measured_received": JSONValue(measuredReceived),
      "send_rate": JSONValue(measured: sendRate), "receive_rate": JSONValue(measured: receiveRate),
      "rate": JSONValue(measured: rate), "promises_order": .truth(promisesOrder),
      "interrupted": .truth(isInterrupted),
      "counts": .object(
        Tally.fields.map { .init($0.name, JSONValue(tally[keyPath: $0.path])) }),
      "latency_us": .object(
        LatencyKind.allCases.compactMap { kind in
          latencies[kind].map { .init(kind.rawValue, $0.json) }
        }),
      "figures": .object(figures.map { .init($0.name, JSONValue(measured: $0.value)) }),
      "generator": generator.json, "broker": watched?.json ?? .null,
      "failures": .array(
        failures.map {
          JSONValue(members: ["reason": JSONValue($0.reason), "count": JSONValue($0.count)])
        }),
      "verdict": verdict.json, "seconds": .array(seconds.map(\.json)),
    ])
  }
}

extension LatencySummary {
  fileprivate var json: JSONValue {
    JSONValue(members: [
      "count": JSONValue(count), "mean": JSONValue(measured: meanMicroseconds),
      "percentiles": .array(
        points.map { .array([.number($0.percentile), .number($0.microseconds)]) }),
    ])
  }
}

extension GeneratorUse {
  fileprivate var json: JSONValue {
    JSONValue(members: [
      "threads": JSONValue(threads), "cpu_seconds": JSONValue(measured: cpuSeconds),
      "busiest_thread": JSONValue(measured: busiestThreadShare),
      "late_p99_us": JSONValue(measured: lateP99Microseconds),
      "late_max_us": JSONValue(measured: lateMaximumMicroseconds),
      "resident_bytes": JSONValue(residentBytes),
    ])
  }
}

extension ProcessUse {
  fileprivate var json: JSONValue {
    JSONValue(members: [
      "pid": JSONValue(process), "cpu_seconds": JSONValue(measured: cpuSeconds),
      "resident_bytes_before": JSONValue(residentBytesBefore),
      "resident_bytes_after": JSONValue(residentBytesAfter),
      "resident_bytes_highest": JSONValue(residentBytesHighest),
    ])
  }
}

extension Verdict {
  fileprivate var json: JSONValue {
    func list(_ words: [String]) -> JSONValue { .array(words.map { JSONValue($0) }) }
    return JSONValue(members: [
      "fine": .truth(isFine), "breaches": list(breaches), "troubles": list(troubles),
      "remarks": list(remarks), "generator_limit": generatorLimit.map { JSONValue($0) } ?? .null,
    ])
  }
}

extension SecondSample {
  fileprivate var json: JSONValue {
    JSONValue(members: [
      "second": JSONValue(second), "sent": JSONValue(sent), "received": JSONValue(received),
      "acknowledged": JSONValue(acknowledged), "received_bytes": JSONValue(receivedBytes),
      "connected": JSONValue(connected), "p50_us": JSONValue(measured: p50Microseconds),
      "p99_us": JSONValue(measured: p99Microseconds),
      "max_us": JSONValue(measured: maximumMicroseconds),
    ])
  }
}
