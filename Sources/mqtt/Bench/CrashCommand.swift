// `mqtt bench crash`: what a broker still knows after it was killed. A publisher and a subscriber
// with sessions that last go on through kills with SIGKILL at random moments; every client takes its
// session up again as the standard wants it, so what is lost or doubled is the broker's doing.
//
//   start the broker -> [publish for a random while -> SIGKILL -> start again] x kills -> wait for
//   every acknowledgement and every delivery -> count
//
// A kill is not a power cut: what the broker has given to the kernel survives.

import Basis
import Bench
import Commands
import Glibc
import MQTTClient
import MQTTCodec
import MQTTSession
import Transport

final class CrashCommand {
  private static let publisher = 0
  private static let subscriber = 1
  /// Milliseconds between a start and the kill that follows.
  private static let lifeMilliseconds: ClosedRange<UInt64> = 50...700

  /// How often a broker that ends at once is started again.
  private static let restartLimit = 20

  /// With the version that the broker was found to speak.
  private var options: BenchOptions
  private let loop: PeerLoop
  private let interrupt = Interrupt(isPatient: true)
  private let runNumber = UInt16.random(in: 1...UInt16.max)
  private let qos: QoS
  private let topic: String
  private var random: RandomNumbers
  private var child: ChildProgram?

  private var form: MessageForm?
  private var next: UInt64 = 0
  private var publishes = false
  private var isSubscribed = false
  private var ledger = CrashLedger()
  private var kills = 0
  private var lastArrival = Instant.start
  private var failure: String?

  init(_ options: BenchOptions) throws(StartFailure) {
    self.options = options
    loop = try PeerLoop()
    qos = options.publishQoS ?? .atLeastOnce
    topic = options.topic ?? "mqtt-bench/crash/\(String(runNumber, radix: 16))"
    random = RandomNumbers(seed: options.seed ?? RandomBytes.word)
    if qos == .atMostOnce {
      throw StartFailure(description: "QoS 0 promises nothing that a crash could break; use -q 1")
    }
  }

  func run() throws(StartFailure) -> Int32 {
    defer { child?.kill() }
    try startBroker()
    try connectClients()
    publishes = true
    while kills < options.kills && !interrupt.wait(milliseconds: 0) {
      turn(milliseconds: life)
      child?.kill()
      kills += 1
      say(
        "killed \(kills) of \(options.kills), \(UInt64(ledger.acknowledged).grouped) acknowledged")
      // The clients notice at once and begin to connect again.
      turn(milliseconds: 20)
      try startBroker()
      let isBack = loop.run(upToSeconds: 60) { self.isConnected || self.failure != nil }
      if !isBack { throw StartFailure(description: "the clients do not get in again") }
      if let failure { throw StartFailure(description: failure) }
    }
    if kills == 0 { turn(milliseconds: life) }
    settle()
    return report()
  }

  private func turn(milliseconds: UInt64) {
    loop.run(upToSeconds: Double(milliseconds) / 1000) { self.failure != nil }
  }

  private var isConnected: Bool {
    loop.clients.allSatisfy { $0.session.phase == .connected } && isSubscribed
  }

  /// How many milliseconds the broker lives this time; a seed makes them the same again.
  private var life: UInt64 {
    let range = Self.lifeMilliseconds
    return range.lowerBound + random.next() % UInt64(range.count)
  }

  private func startBroker() throws(StartFailure) {
    let command = options.brokerCommand ?? ""
    var broker = try ChildProgram(["/bin/sh", "-c", command], showsErrors: !options.isQuiet)
    child = broker
    interrupt.end(with: broker)
    let looker = try PeerLoop()
    var restarts = 0
    for _ in 0..<600 {
      if !broker.isRunning {
        // The one that was killed may still be in its way.
        restarts += 1
        if kills == 0 || restarts > Self.restartLimit {
          throw StartFailure(description: "the broker has ended: \(command)")
        }
        usleep(200_000)
        broker = try ChildProgram(["/bin/sh", "-c", command], showsErrors: !options.isQuiet)
        child = broker
        interrupt.end(with: broker)
      }
      if let version = try looker.version(of: options.connection) {
        options.connection.version = .exactly(version)
        return
      }
      usleep(50_000)
    }
    throw StartFailure(
      description:
        "the broker does not answer within 30 seconds on port \(options.connection.port)")
  }

  private func connectClients() throws(StartFailure) {
    let endpoint = try options.connection.endpoint()
    for role in ["publisher", "subscriber"] {
      var connection = options.connection
      connection.clientIdentifier = "bench-crash-\(runNumber)-\(role)"
      connection.clientIdentifierPrefix = nil
      connection.cleanStart = false
      connection.sessionExpirySeconds = 3600
      if connection.inFlightLimit == 0 { connection.inFlightLimit = 20 }
      var settings = try connection.settings(keepsSession: true)
      settings.connackTimeoutSeconds = 5
      _ = loop.add(settings, endpoint, reconnects: true)
    }
    loop.handle = { [unowned self] place, event, now in self.handle(place, event, now) }
    loop.work = { [unowned self] now in self.publish(now) }
    let isIn = loop.run(upToSeconds: 20) { self.isConnected || self.failure != nil }
    if let failure { throw StartFailure(description: failure) }
    if !isIn { throw StartFailure(description: "the broker does not let the clients in") }
  }

  private func handle(_ place: Int, _ event: Client.Event, _ now: Instant) {
    switch event {
    case .session(.connected(let connack)):
      if place == Self.subscriber { subscribe(connack, now) } else { publisherIsIn(connack) }
    case .session(.subscribed(let suback)):
      if suback.reasonCodes.contains(where: \.isFailure) {
        failure = "the broker refuses the subscription"
      }
      isSubscribed = true
    case .session(.published(let token, let answer)):
      // A PUBREL that is repeated after the broker has finished gets this answer (4.3.3).
      if answer.reasonCode.isFailure && answer.reasonCode != .packetIdentifierNotFound {
        ledger.refuse(token)
      } else {
        ledger.acknowledge(token)
      }
    case .session(.message(let message)): receive(message, place, now)
    case .failed(let reason): failure = "\(reason)"
    case .lost:
      if place == Self.subscriber { isSubscribed = false }
    case .session(.authentication), .session(.unsubscribed), .session(.pingAnswered),
      .session(.ended), .disconnected:
      break
    }
  }

  private func subscribe(_ connack: Connack, _ now: Instant) {
    if connack.isSessionPresent {
      isSubscribed = true
      return
    }
    if kills > 0 { ledger.subscriberSessionsLost += 1 }
    let subscription = Subscription(filter: topic, options: SubscriptionOptions(qos: qos))
    do throws(RequestFault) {
      _ = try loop.clients[Self.subscriber].session.subscribe([subscription], now: now)
    } catch {
      failure = error.explanation
    }
  }

  private func publisherIsIn(_ connack: Connack) {
    if kills > 0 && !connack.isSessionPresent {
      // What was under way is sent anew, and a second copy of it is nobody's fault but the loss's.
      ledger.publisherSessionLost(sent: next)
    }
    do throws(RequestFault) {
      form = try loop.clients[Self.publisher].session.form(topic: topic, qos: qos)
    } catch {
      failure = error.explanation
    }
  }

  private func publish(_ now: Instant) {
    let client = loop.clients.first
    guard publishes, let client, client.session.phase == .connected, let form else { return }
    while client.session.canPublish && client.unsentBytes < 65_536 {
      var payload = ByteBuffer()
      MessageStamp(run: runNumber, publisher: 0, sequence: next, nanoseconds: now.nanoseconds)
        .append(to: &payload)
      payload.append(
        Array(repeating: UInt8(ascii: "."), count: options.payloadSize - MessageStamp.size).span)
      do throws(RequestFault) {
        try client.session.publish(payload.span, as: form, token: next, now: now)
      } catch {
        failure = error.explanation
        return
      }
      ledger.sent += 1
      next += 1
    }
  }

  private func receive(_ message: PublishView, _ place: Int, _ now: Instant) {
    let payload = loop.clients[place].session.publish(message).payload
    lastArrival = now
    guard let stamp = MessageStamp(payload.span, at: 0), stamp.run == runNumber else {
      ledger.foreign += 1
      return
    }
    ledger.receive(stamp.sequence)
  }

  /// Waits until everything that was sent is acknowledged and nothing comes any more.
  private func settle() {
    publishes = false
    loop.run(upToSeconds: 30) {
      self.loop.clients[Self.publisher].session.unpublishedCount == 0
    }
    lastArrival = MonotonicClock.now
    let quiet = Int64(options.drainSeconds * 1e9)
    while MonotonicClock.now.nanoseconds(since: lastArrival) < quiet && ledger.isMissingSome {
      loop.run(upToSeconds: 0.1) { !self.ledger.isMissingSome }
    }
    loop.drop()
  }

  private func say(_ text: String) {
    if !options.isQuiet { Terminal.write("mqtt bench: \(text)\n", to: STDERR_FILENO) }
  }

  private func report() -> Int32 {
    let lines = ledger.lines(qos: qos.rawValue, kills: kills, of: options.kills)
    Terminal.write(lines.joined(separator: "\n") + "\n", to: STDOUT_FILENO)
    if let path = options.jsonFile {
      let text = ledger.json(
        qos: qos.rawValue, kills: kills, of: options.kills, command: options.commandLine
      ).text
      if path == "-" {
        Terminal.write(text + "\n", to: STDOUT_FILENO)
      } else if (try? SystemFile.write(text + "\n", to: path)) == nil {
        say("\(path) cannot be written")
        return ExitStatus.failure
      }
    }
    return ledger.isBroken(qos: qos.rawValue) ? ExitStatus.promiseBroken : interrupt.status
  }
}
