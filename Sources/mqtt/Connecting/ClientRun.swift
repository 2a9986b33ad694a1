// What `mqtt pub` and `mqtt sub` have in common once they run: one client on one reactor, whose
// events go to the command, and an exit status at the end. The first thing that went wrong decides
// the status.

import Basis
import Commands
import Glibc
import MQTTClient
import MQTTCodec
import MQTTSession
import Text
import Transport

/// What a command does with its client.
protocol ClientBehaviour: AnyObject {
  /// Takes an event of the session.
  func handle(_ event: ClientEvent, _ run: ClientRun, now: Instant)
  /// Takes the news that a descriptor of its own is ready.
  func handleReady(_ descriptor: Int32, _ run: ClientRun, now: Instant)
  /// Takes the news that a signal asks for the end.
  func handleSignal(_ run: ClientRun, now: Instant)
  /// Takes the news that the time for the whole command is over, and ends.
  func handleTimeout(_ run: ClientRun, now: Instant)
  /// Does what there is to do at the end of a tick; answers when to be called again at the latest.
  func work(_ run: ClientRun, now: Instant) -> Instant?
  /// Whether something still has to be done when the client has finished.
  var isBusy: Bool { get }
}

/// A client of a command, under way.
final class ClientRun {
  let client: Client
  let console: ClientConsole
  let behaviour: any ClientBehaviour
  private let loop: ClientLoop
  private var farewellProperties: Properties
  private var handshakes = HandshakeLog()
  private var topics = AliasedTopics()
  /// Packets that were made and have not left: what they speak of may have to be stored first.
  private var unsent: [PacketTrace] = []
  private var isLost = false
  /// When the whole command has to be at its end.
  var deadline = CommandDeadline()
  private var isTimeOver = false

  /// A client alone on a loop of its own, or with a `number` one of many on `loop`.
  ///
  /// `change` has the last word about the settings.
  init(
    _ options: ConnectionOptions, _ console: ClientConsole, _ behaviour: any ClientBehaviour,
    keepsSession: Bool, on loop: ClientLoop? = nil, change: (inout ClientSettings) -> Void
  ) throws(StartFailure) {
    self.console = console
    self.behaviour = behaviour
    var settings = try options.settings(keepsSession: keepsSession)
    change(&settings)
    farewellProperties = options.farewellProperties(keepsSession: keepsSession)
    let endpoint = try options.endpoint()
    if let failure = endpoint.tls?.unusedKeyLog, loop?.nextOwner ?? 0 == 0 {
      console.say("\(failure) Going on without it.")
    }
    if let loop { self.loop = loop } else { self.loop = try ClientLoop() }
    client = Client(
      settings, to: endpoint, on: self.loop.reactor, owner: self.loop.nextOwner,
      seed: RandomBytes.word)
    self.loop.add(self)
  }

  /// What the client's connection is watched by.
  var reactor: Reactor { loop.reactor }

  /// Connects and runs to the end, with all others on the same loop; returns the exit status.
  func run() -> Int32 { loop.run() }

  /// The same for a session that is kept beside its messages, and restored: nothing leaves before
  /// what it speaks of is stored, a broker that is not there is waited for, and signals end it by
  /// good-bye.
  func runStored() throws(StartFailure) -> Int32 {
    try catchSignals()
    client.storedChanges = client.session.durableChanges
    client.reconnects = true
    client.isPatient = true
    return run()
  }

  /// Ends by good-bye instead of by signal from here on.
  func catchSignals() throws(StartFailure) { try loop.catchSignals() }

  /// What the command will end with.
  var status: Int32 { loop.status }

  /// Says what a signal leaves undone; the command will end by that signal.
  func cutShort(_ undone: String) {
    console.say("interrupted; \(undone)")
    loop.noteCutShort()
  }

  /// Notes what the command ends with, unless something has gone wrong before.
  func note(_ status: Int32) { loop.note(status) }

  /// Says good-bye and ends with `status`, unless something has gone wrong before.
  func finish(_ status: Int32 = ExitStatus.success, now: Instant) {
    note(status)
    client.disconnect(properties: farewellProperties, now: now)
  }

  /// Says what cannot be asked of the broker, and ends.
  func finish(_ fault: RequestFault, now: Instant) {
    console.say(fault.explanation)
    finish(
      ExitStatus.refusal(fault.reasonCode, of: .disconnect, version: client.session.version),
      now: now)
  }

  /// Whether nothing is left to do.
  var isDone: Bool { client.phase == .finished && !behaviour.isBusy }

  /// Takes an event of the reactor.
  func handle(_ event: ReactorEvent, now: Instant) {
    client.handle(event, now: now)
    takeEvents(now: now)
  }

  /// Takes the news that a descriptor is ready.
  func handleReady(_ descriptor: Int32, now: Instant) {
    behaviour.handleReady(descriptor, self, now: now)
  }

  /// Says what nobody knows to have arrived.
  func tellLosses() {
    tell(client.lostCount, "QoS 0 messages may be lost because the connection was cut")
    tell(
      client.session.forgottenCount,
      "QoS 2 messages may be lost because the broker lost the session")
    tell(
      client.session.repeatedCount,
      "QoS 2 messages may have come twice because the broker lost the session")
  }

  private func tell(_ count: Int, _ what: String) {
    if count == 0 { return }
    console.say("\(what): \(count)")
    note(ExitStatus.uncertain)
  }

  /// Takes the news that a signal asks for the end; a good-bye that is under way is left at that.
  func handleSignal(now: Instant) {
    if client.phase != .leaving { return behaviour.handleSignal(self, now: now) }
    let unsentBytes = client.unsentBytes
    client.drop()
    if client.hasUnansweredMessages && unsentBytes > 0 {
      cutShort("\(Counted.text(unsentBytes, "byte")) of messages not sent")
    }
  }

  /// The rest of a tick; answers when to be called again at the latest.
  func work(now: Instant) -> Instant? {
    client.advance(to: now)
    takeEvents(now: now)
    var deadline = behaviour.work(self, now: now)
    takeEvents(now: now)
    let end = watchTime(now: now)
    takeEvents(now: now)
    if let next = client.finishTick(now: now) { deadline = min(deadline ?? next, next) }
    showSent()
    return [deadline, end].compactMap(\.self).min()
  }

  /// Ends the command when its time is over; answers when that is.
  private func watchTime(now: Instant) -> Instant? {
    guard let end = deadline.instant, !isTimeOver, !isDone else { return nil }
    if now < end { return end }
    if !client.looksOnceMore() { return nil }
    isTimeOver = true
    if client.phase != .leaving {
      behaviour.handleTimeout(self, now: now)
    } else if client.hasUnansweredMessages && client.isBlocked {
      // What has not left by now has no more time than a good-bye takes.
      console.say("timed out; \(Counted.text(client.unsentBytes, "byte")) not sent")
      note(ExitStatus.timedOut)
      client.drop()
    }
    // What the time's end asks for is done at once.
    return now
  }

  /// Shows what was received, at the time of its coming.
  private func showReceived() {
    if !console.isDebug { return }
    let traces = client.session.takeTraces()
    if traces.isEmpty { return }
    console.show(
      traces.filter { $0.direction == .toClient }, &handshakes, &topics, at: MonotonicClock.now)
    unsent += traces.filter { $0.direction == .toServer }
  }

  /// Shows what was sent, at the time of its leaving.
  private func showSent() {
    showReceived()
    if unsent.isEmpty || client.session.outputCount > 0 { return }
    console.show(unsent, &handshakes, &topics, at: MonotonicClock.now)
    unsent = []
  }

  /// With a connection goes what has not left.
  private func forgetUnsent() {
    showSent()
    unsent = []
  }

  private func takeEvents(now: Instant) {
    while let event = client.nextEvent(now: now) {
      switch event {
      case .session(let event):
        if case .connected = event, isLost {
          console.say("connected to \(client.endpoint.description) again")
          isLost = false
        }
        behaviour.handle(event, self, now: now)
      case .lost(let failure, let wait):
        forgetUnsent()
        isLost = true
        console.say("\(failure); trying again in \(Self.seconds(wait)) s")
      case .failed(let failure):
        forgetUnsent()
        console.say(failure.description)
        let isUncertain = client.lostCount > 0 && failure.exitStatus == ExitStatus.failure
        note(isUncertain ? ExitStatus.uncertain : failure.exitStatus)
      case .disconnected:
        break
      }
    }
    showReceived()
  }

  /// With one decimal.
  static func seconds(_ nanoseconds: Int64) -> String {
    let tenths = (nanoseconds + 50_000_000) / 100_000_000
    return "\(tenths / 10).\(tenths % 10)"
  }
}
