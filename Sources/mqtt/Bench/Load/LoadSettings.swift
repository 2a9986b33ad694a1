// What the workers of a run are told: everything that the command line decided, made ready, and the
// step that the run is at. They tell back through counters that are read while they run.

import Bench
import MQTTClient
import MQTTCodec
import Synchronization
import Transport

/// A broker's address with names looked up, so that connecting never waits for a name server.
struct LoadTarget: Sendable {
  var endpoint: Endpoint
  var addresses: [SocketAddress]
}

/// Everything about a run that does not change.
struct LoadSettings: Sendable {
  var scenario = Scenario.publish(1)
  var cast = Cast(.publish(1))
  /// Told apart from other runs by this.
  var run: UInt16 = 0
  var targets: [LoadTarget] = []
  var sourceAddresses: [SocketAddress] = []
  var version = ProtocolVersion.v5
  var publishQoS = QoS.atMostOnce
  var subscribeQoS = QoS.atMostOnce
  var isRetained = false
  var window = 20
  var payloadSize = 64
  var payload: PlaceholderText?
  var topic = PlaceholderText("")
  /// What subscribers subscribe to, in the place of what follows from the topic.
  var filter: PlaceholderText?
  var ratePerSecond: Double?
  /// Messages of all publishers; nil is without end.
  var count: Int?
  var durationNanoseconds: Int64 = 10_000_000_000
  var warmUpNanoseconds: Int64 = 0
  var drainNanoseconds: Int64 = 5_000_000_000
  /// Deliveries that may be outstanding in a closed loop; zero is without bound.
  var outstandingLimit = 0
  var keepAliveSeconds: UInt16 = 60
  var cleanStart = true
  var sessionExpirySeconds: UInt32?
  var connectProperties = Properties()
  var publishProperties = Properties()
  var will: Will?
  var clientIdentifier = PlaceholderText("")
  var userName: PlaceholderText?
  var password: PlaceholderText?
  var firstNumber = 1
  /// Connections that may be under way at once, in each worker.
  var connectingAtOnce = 100
  /// Connections begun a second, in each worker; nil is as fast as they come about.
  var connectRate: Double?
  var threads = 1

  /// How long nothing may move in a run of a number of messages before it is given up: as long as
  /// is waited for the last ones, and never less than the schedule pauses.
  var stillnessNanoseconds: Int64 {
    drainNanoseconds + (ratePerSecond.map { Int64(min(2e9 / $0, 1e18)) } ?? 1_000_000_000)
  }

  /// Whether messages go out by a schedule.
  var isOpenLoop: Bool { ratePerSecond != nil }
  /// Whether all messages have topics of their own, with one publisher.
  var isRetainedReplay: Bool { if case .retained = scenario { true } else { false } }
  /// Whether subscribers are away while messages are published.
  var isOffline: Bool { if case .offline = scenario { true } else { false } }
  /// What connections do that do nothing else.
  var connectionPattern: Scenario.ConnectionPattern? {
    if case .connections(_, let pattern) = scenario { pattern } else { nil }
  }

  /// The number that stands for %i.
  func clientNumber(_ index: Int) -> Int { firstNumber + index }

  /// What the placeholders of client `index` stand for.
  func values(_ index: Int) -> PlaceholderText.Values {
    var values = PlaceholderText.Values()
    values.clientNumber = clientNumber(index)
    values.userName = userName?.text(values) ?? ""
    values.clientIdentifier = clientIdentifier.text(values)
    return values
  }
}

/// The steps of a run, in their order.
enum LoadStep: Int, Comparable {
  case connecting, parting, publishing, returning, draining, clearing, leaving

  static func < (left: LoadStep, right: LoadStep) -> Bool { left.rawValue < right.rawValue }
}

/// What one second of one worker brought, handed over when it is past.
struct IntervalReport: Sendable {
  var sample: SecondSample
  var endToEnd: LatencyHistogram?
  var acknowledgement: LatencyHistogram?
}

/// The step of the run, for the workers, and their counters, for the one who conducts them.
final class LoadProgress: Sendable {
  let step = Atomic<Int>(LoadStep.connecting.rawValue)
  /// When publishing begins, when measuring begins and when publishing ends at the latest.
  let publishStart = Atomic<Int64>(.max)
  let measureStart = Atomic<Int64>(.max)
  let publishEnd = Atomic<Int64>(.max)

  /// Clients that are ready, and those that have failed.
  let ready = Atomic<Int>(0)
  let failed = Atomic<Int>(0)
  /// Connections made, those that are gone again included.
  let connections = Atomic<Int>(0)
  let sent = Atomic<Int>(0)
  let acknowledged = Atomic<Int>(0)
  /// Deliveries that are no duplicates.
  let delivered = Atomic<Int>(0)
  /// Deliveries that later ones have overtaken: lost, or late.
  let missing = Atomic<Int>(0)
  /// Workers that have nothing left to publish, those that have removed what they retained, and
  /// those whose clients are gone.
  let quietWorkers = Atomic<Int>(0)
  let clearedWorkers = Atomic<Int>(0)
  let emptyWorkers = Atomic<Int>(0)
  let lastArrival = Atomic<Int64>(0)
  let intervals = Mutex<[IntervalReport]>([])

  var currentStep: LoadStep {
    LoadStep(rawValue: step.load(ordering: .acquiring)) ?? .leaving
  }
}
