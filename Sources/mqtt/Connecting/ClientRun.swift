// What `mqtt pub` and `mqtt sub` have in common once they run: one client on one reactor, whose
// events go to the command, and an exit status at the end. The first thing that went wrong decides
// the status.

import Commands
import Glibc
import MQTTClient
import MQTTCodec
import MQTTSession
import Transport

/// What a command does with its client.
protocol ClientBehaviour: AnyObject {
  /// Takes an event of the session.
  func handle(_ event: ClientEvent, _ run: ClientRun, now: Instant)
  /// Takes the news that a descriptor of its own is ready.
  func handleReady(_ descriptor: Int32, _ run: ClientRun, now: Instant)
  /// Takes the news that a signal asks for the end.
  func handleSignal(_ run: ClientRun, now: Instant)
  /// Does what there is to do at the end of a tick; answers when to be called again at the latest.
  func work(_ run: ClientRun, now: Instant) -> Instant?
  /// Whether something still has to be done when the client has finished.
  var isBusy: Bool { get }
}

/// A client command under way.
final class ClientRun: ReactorDelegate {
  let reactor: Reactor
  let client: Client
  let console: ClientConsole
  let behaviour: any ClientBehaviour
  private var signals: SignalBox?
  private var farewellProperties: Properties
  /// What the command will end with.
  private(set) var status = ExitStatus.success
  private var isLost = false

  init(
    _ options: ConnectionOptions, _ console: ClientConsole, _ behaviour: any ClientBehaviour,
    keepsSession: Bool, change: (inout ClientSettings) -> Void
  ) throws(StartFailure) {
    self.console = console
    self.behaviour = behaviour
    var settings = try options.settings(keepsSession: keepsSession)
    change(&settings)
    farewellProperties = options.farewellProperties(keepsSession: keepsSession)
    let endpoint = try options.endpoint()
    do throws(SystemError) {
      reactor = try Reactor(index: 0)
    } catch {
      throw StartFailure(description: "\(error)")
    }
    reactor.keepsSpareBuffers = true
    client = Client(settings, to: endpoint, on: reactor, seed: RandomBytes.word)
  }

  /// Connects and runs to the end; returns the exit status.
  func run() -> Int32 {
    client.connect(now: MonotonicClock.now)
    // The first tick is for what came of that already, and for deadlines that begin here.
    reactor.wake()
    reactor.run(self)
    return status
  }

  /// Ends by good-bye instead of by signal from here on.
  func catchSignals(_ numbers: [Int32]) throws(SystemError) {
    let signals = SignalBox(try Signals(numbers))
    try reactor.watch(signals.signals.descriptor)
    self.signals = signals
  }

  /// Ends by good-bye on the signals that ask for the end.
  func catchEnd() throws(StartFailure) {
    do throws(SystemError) {
      try catchSignals([SIGINT, SIGTERM])
    } catch {
      throw StartFailure(description: "\(error)")
    }
  }

  /// Notes what the command ends with, unless something has gone wrong before.
  func note(_ status: Int32) {
    if self.status == ExitStatus.success { self.status = status }
  }

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

  func tick(_ reactor: Reactor, now: Instant) -> Instant? {
    for event in reactor.events {
      if case .readable(let descriptor) = event.event {
        handleReady(descriptor, now: now)
      } else {
        client.handle(event, now: now)
        takeEvents(now: now)
      }
    }
    client.advance(to: now)
    takeEvents(now: now)
    var deadline = behaviour.work(self, now: now)
    takeEvents(now: now)
    if let next = client.finishTick(now: now) { deadline = min(deadline ?? next, next) }
    if console.isDebug { console.show(client.session.takeTraces()) }
    if client.phase == .finished && !behaviour.isBusy { reactor.stop() }
    return deadline
  }

  private func handleReady(_ descriptor: Int32, now: Instant) {
    guard let signals, descriptor == signals.signals.descriptor else {
      return behaviour.handleReady(descriptor, self, now: now)
    }
    while signals.signals.next() != nil { behaviour.handleSignal(self, now: now) }
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
        isLost = true
        console.say("\(failure); trying again in \(seconds(wait)) s")
      case .failed(let failure):
        console.say(failure.description)
        note(failure.exitStatus)
      case .disconnected:
        break
      }
    }
  }

  private func seconds(_ nanoseconds: Int64) -> String {
    let tenths = (nanoseconds + 50_000_000) / 100_000_000
    return "\(tenths / 10).\(tenths % 10)"
  }
}

/// Signals in a box, since a class cannot take a unique value out of an optional to use it.
private final class SignalBox {
  let signals: Signals

  init(_ signals: consuming Signals) { self.signals = signals }
}
