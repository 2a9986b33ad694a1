// Everything that a run found out, as values: what reports show, what conditions are held against,
// what is compared with another run.

/// One second of a run.
package struct SecondSample: Equatable, Sendable {
  /// Seconds since publishing began; negative for none.
  package var second: Int
  package var sent: UInt64 = 0
  package var received: UInt64 = 0
  package var acknowledged: UInt64 = 0
  package var receivedBytes: UInt64 = 0
  /// Connections made in this second.
  package var connected: UInt64 = 0
  package var p50Microseconds: Double?
  package var p99Microseconds: Double?
  package var maximumMicroseconds: Double?

  /// A second in which nothing has happened yet.
  package init(second: Int) { self.second = second }
}

/// The named latencies of a run, in the order of reports.
package enum LatencyKind: String, CaseIterable, Sendable {
  /// From the intended sending to the arrival at the subscriber.
  case endToEnd = "end_to_end"
  /// From the intended sending to PUBACK or PUBCOMP.
  case acknowledgement
  /// From the question to the answer.
  case roundTrip = "round_trip"
  /// TCP's part of connecting.
  case tcp
  /// TLS's part of connecting, and WebSocket's.
  case tls
  /// From CONNECT to CONNACK.
  case connack
  /// From SUBSCRIBE to SUBACK.
  case suback

  /// As a person would say it.
  package var title: String {
    switch self {
    case .endToEnd: "end to end"
    case .acknowledgement: "acknowledgement"
    case .roundTrip: "round trip"
    case .tcp: "TCP connect"
    case .tls: "TLS, WebSocket"
    case .connack: "CONNACK"
    case .suback: "SUBACK"
    }
  }
}

/// What the load generator itself needed.
package struct GeneratorUse: Equatable, Sendable {
  package var threads = 1
  /// Processor time of the measured part.
  package var cpuSeconds = 0.0
  /// The share of a core that the busiest thread used.
  package var busiestThreadShare = 0.0
  /// How late messages were sent that nothing but the generator held up; nil without a schedule.
  package var lateP99Microseconds: Double?
  package var lateMaximumMicroseconds: Double?
  package var residentBytes = 0

  /// Nothing used.
  package init() {}
}

/// What the watched process, as a rule the broker, used in the measured part.
package struct ProcessUse: Equatable, Sendable {
  package var process: Int
  package var cpuSeconds = 0.0
  package var residentBytesBefore = 0
  package var residentBytesAfter = 0
  package var residentBytesHighest = 0

  /// A process that used nothing.
  package init(process: Int) { self.process = process }
}

/// The quality of service on both sides.
package struct QualityPair: Equatable, Sendable {
  package var publish: UInt8
  package var subscribe: UInt8

  /// Joins the parts.
  package init(publish: UInt8, subscribe: UInt8) {
    self.publish = publish
    self.subscribe = subscribe
  }

  /// What holds from end to end (4.3.3, 3.8.4).
  package var delivered: UInt8 { min(publish, subscribe) }
}

/// Everything found out in one run of one scenario.
package struct RunResult: Equatable, Sendable {
  package var scenario = ""
  package var target = ""
  /// What the broker calls itself; empty when it does not say.
  package var broker = ""
  package var version = ""
  package var quality = QualityPair(publish: 0, subscribe: 0)
  package var payloadBytes = 0
  /// Messages a second that were asked for; nil is a closed loop.
  package var ratePerSecond: Double?
  /// In a closed loop, what bounds the messages under way, in words.
  package var loop = ""
  /// The subscription is a shared one, or of messages on many topics: order is not promised.
  package var promisesOrder = true
  package var tally = Tally()
  /// From the first message after the warm-up to the last delivery.
  package var measuredSeconds = 0.0
  /// Of these, the part until the last message was sent.
  package var sendingSeconds = 0.0
  /// Messages sent and deliveries counted in the measured part.
  package var measuredSent: UInt64 = 0
  package var measuredReceived: UInt64 = 0
  package var latencies: [LatencyKind: LatencySummary] = [:]
  package var seconds: [SecondSample] = []
  package var generator = GeneratorUse()
  package var watched: ProcessUse?
  /// Further figures of some scenarios, by name.
  package var figures: [Figure] = []
  /// Reasons of failures and how often each came.
  package var failures: [Failure] = []
  /// Whether it was ended by hand.
  package var isInterrupted = false

  /// A number that only some scenarios have.
  package struct Figure: Equatable, Sendable {
    package var name: String
    package var value: Double

    /// Joins the parts.
    package init(name: String, value: Double) {
      self.name = name
      self.value = value
    }
  }

  /// Something that went wrong, perhaps often.
  package struct Failure: Equatable, Sendable {
    package var reason: String
    package var count: Int

    /// Joins the parts.
    package init(reason: String, count: Int) {
      self.reason = reason
      self.count = count
    }
  }

  /// Nothing found out.
  package init() {}

  /// The broker's name for a reader.
  package var brokerName: String { broker.isEmpty ? "unknown" : broker }

  /// Messages published a second.
  package var sendRate: Double { sendingSeconds > 0 ? Double(measuredSent) / sendingSeconds : 0 }

  /// Deliveries a second.
  package var receiveRate: Double {
    measuredSeconds > 0 ? Double(measuredReceived) / measuredSeconds : 0
  }

  /// The rate that matters: deliveries, or messages where nobody subscribes, or connections.
  package var rate: Double {
    if let figure = figures.first(where: { $0.name == "connections_per_second" }) {
      return figure.value
    }
    return measuredReceived > 0 || tally.expected > 0 ? receiveRate : sendRate
  }

  /// The latency that matters most of those that were measured.
  package var mainLatency: (kind: LatencyKind, summary: LatencySummary)? {
    for kind in LatencyKind.allCases {
      if let summary = latencies[kind] { return (kind, summary) }
    }
    return nil
  }
}
