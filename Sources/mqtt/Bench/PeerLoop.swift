// A few whole clients on one reactor, driven step by step from one thread: for questions and for
// crashes, where every rule of a session counts and speed does not.

import Basis
import Commands
import MQTTClient
import MQTTCodec
import MQTTSession
import Transport

final class PeerLoop: ReactorDelegate {
  let reactor: Reactor
  private(set) var clients: [Client] = []
  /// Takes every event of every client.
  var handle: (Int, Client.Event, Instant) -> Void = { _, _, _ in }
  /// Does what there is to do at the end of a tick.
  var work: (Instant) -> Void = { _ in }
  private var end = Instant.start
  private var isDone: () -> Bool = { true }

  init() throws(StartFailure) {
    do throws(SystemError) {
      reactor = try Reactor(index: 0)
    } catch {
      throw StartFailure(description: "\(error)")
    }
  }

  /// Adds a client and connects it; gives its place.
  func add(_ settings: ClientSettings, _ endpoint: Endpoint, reconnects: Bool) -> Int {
    let client = Client(
      settings, to: endpoint, on: reactor, owner: UInt64(clients.count) + 1,
      seed: RandomBytes.word)
    client.reconnects = reconnects
    clients.append(client)
    client.connect(now: MonotonicClock.now)
    return clients.count - 1
  }

  /// Turns until the condition holds; false when the time ran out.
  @discardableResult func run(upToSeconds seconds: Double, until condition: @escaping () -> Bool)
    -> Bool
  {
    end = MonotonicClock.now.advanced(byNanoseconds: Int64(seconds * 1e9))
    isDone = condition
    reactor.wake()
    reactor.run(self)
    return condition()
  }

  func tick(_ reactor: Reactor, now: Instant) -> Instant? {
    for event in reactor.events where event.owner > 0 && event.owner <= UInt64(clients.count) {
      clients[Int(event.owner) - 1].handle(event, now: now)
      takeEvents(Int(event.owner) - 1, now)
    }
    for place in clients.indices {
      clients[place].advance(to: now)
      takeEvents(place, now)
    }
    work(now)
    var deadline = end
    for place in clients.indices {
      takeEvents(place, now)
      if let next = clients[place].finishTick(now: now) { deadline = min(deadline, next) }
    }
    if isDone() || now >= end { reactor.stop() }
    return deadline
  }

  private func takeEvents(_ place: Int, _ now: Instant) {
    while let event = clients[place].nextEvent(now: now) { handle(place, event, now) }
  }

  /// Forgets all clients at once, without farewell.
  func drop() {
    for client in clients { client.disconnect(now: MonotonicClock.now) }
    run(upToSeconds: 1) { self.clients.allSatisfy { $0.phase == .finished } }
    clients = []
    handle = { _, _, _ in }
    work = { _ in }
  }

  /// The version in which a broker lets a client in there now; nil when it does not.
  func version(of options: ConnectionOptions) throws(StartFailure) -> ProtocolVersion? {
    var settings = try options.settings(keepsSession: false)
    settings.clientIdentifier = "bench-look-\(UInt32.random(in: 0 ... .max))"
    settings.cleanStart = true
    return look(settings, at: try options.endpoint(), asksName: false).version
  }
}
