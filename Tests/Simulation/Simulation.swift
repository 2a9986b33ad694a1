// One run: an engine, a store and real client sessions in one process, driven by a list of actions
// under a clock of its own. Nothing is random here but what the scenario says.
//
//   Simulation            the state of the run, and the actions
//   +Network              bytes between clients and engine, and how connections end
//   +Clients              what applications do
//   +Broker               what the engine was fed with, told to the model; crashes and the store
//   +Drain                the faults stop: everything has to come to rest, and is judged
//   Model, Ledger         what should have come out, and the comparison

import AccessControl
import Basis
import MQTTBroker
import MQTTSession

/// A client and its application.
final class Client {
  let index: Int
  var plan: ClientPlan
  var session: ClientSession
  /// Who it is to those who get its messages: another one after each replacement.
  var publisher: Int
  var link: Int?
  /// Filters that it asked for and did not give up.
  var filters: [String] = []
  /// Forms by topic, QoS and RETAIN, as a publisher keeps them.
  var forms: [MessageForm?] = Array(repeating: nil, count: Places.topics.count * 6)

  init(index: Int, plan: ClientPlan, session: consuming ClientSession, publisher: Int) {
    self.index = index
    self.plan = plan
    self.session = session
    self.publisher = publisher
  }
}

/// One run.
package final class Simulation: ModelWitness {
  let scenario: Scenario
  let plant: Plant?
  let isTracing: Bool
  package private(set) var trace: [String] = []

  var seconds = 0
  var broker: Broker
  var startCount = 1
  var store = SimulatedStore()
  var links: [Link] = []
  /// Slots of the engine's connections to links.
  var linksBySlot: [Int] = []
  var clients: [Client] = []

  var model: Model
  var messages: [MessageFacts] = []
  var ledgers: [SessionLedger] = []
  var undone: [Undone] = []
  /// Messages of groups that a member may have got whose session a crash ended.
  var lostShares: [Int] = []
  /// What clients asked for and was granted, by the serial of the event.
  var acknowledgedRequests: [Int: String] = [:]
  var publisherCount = 0
  var isFailing = false
  /// Whether the engine has something read before it decides.
  var isReadingOut = false
  var hasPlanted = false
  /// Answers of the engine since it was fed, and PUBLISH packets that went out.
  var answers: [Answer] = []
  var departures: [Departure] = []
  /// Publications and requests that the store has to know, in order, for when a crash takes them.
  var retainedEvents: [(serial: Int, topic: Int, message: Int)] = []
  var requestEvents: [Int] = []
  /// Bytes and records moved, to see when nothing moves any more.
  var motion = 0

  var now: Instant { Self.instant(seconds) }
  var isLimited: Bool { scenario.queueLimit != nil }
  var queuesQoS0: Bool { scenario.queuesQoS0 }

  /// A run that has not begun.
  package init(_ scenario: Scenario, plant: Plant? = nil, isTracing: Bool = false) {
    self.scenario = scenario
    self.plant = plant
    self.isTracing = isTracing
    model = Model(clients: scenario.plans.count)
    broker = Self.broker(scenario, plant, isTracing, start: 0, seconds: 0)
    store.committedModel = model
    for (index, plan) in scenario.plans.enumerated() {
      let client = Client(
        index: index, plan: plan, session: ClientSession(ClientSettings()), publisher: 0)
      clients.append(client)
      begin(client, isNew: false)
    }
  }

  /// The engine of the start with this number.
  static func broker(
    _ scenario: Scenario, _ plant: Plant?, _ isTracing: Bool, start: Int, seconds: Int
  ) -> Broker {
    var configuration = BrokerConfiguration()
    configuration.keepsRecords = scenario.keepsRecords
    configuration.queuesQoS0 = scenario.queuesQoS0
    configuration.inFlightLimit = scenario.inFlightLimit
    configuration.queueMessageLimit = scenario.queueLimit ?? configuration.queueMessageLimit
    if plant == .longerQueue { configuration.queueMessageLimit = 1000 }
    configuration.queueWindowMessageLimit = scenario.queueWindow
    configuration.terms.topicAliasMaximum = 3
    configuration.terms.outgoingTopicAliasMaximum = 3
    configuration.connectTimeoutSeconds = 1_000_000
    if scenario.isCrowded { configuration.connectionLimit = scenario.plans.count }
    configuration.receiveMaximum = scenario.receiveMaxima[start % scenario.receiveMaxima.count]
    configuration.logsPackets = isTracing
    if scenario.hasAccessLists { configuration.listenerPolicies = [everythingAllowed] }
    return Broker(
      configuration, randomSeed: scenario.seed &+ UInt64(start), now: instant(seconds),
      wallClockSeconds: 1_700_000_000 + Int64(seconds))
  }

  /// A list that has an answer for everybody, and the same one.
  private static let everythingAllowed: ListenerPolicy = {
    var policy = ListenerPolicy()
    do throws(AccessFileErrors) {
      policy.access = try AccessList(
        parsing: Array("topic read none\npattern readwrite none/%c\npattern readwrite #\n".utf8),
        file: "acl")
    } catch {
      preconditionFailure("\(error)")
    }
    return policy
  }()

  /// Runs everything; nil when every promise was kept.
  package func run() -> Verdict? {
    do throws(Verdict) {
      for (position, action) in scenario.actions.enumerated() {
        if isTracing { say("-- \(position): \(action.kind)") }
        try perform(action)
        broker.checkInvariants()
      }
      try drain()
      broker.checkInvariants()
      try judge()
      try checkStore()
      return nil
    } catch {
      if isTracing { say("!! \(error)") }
      return error
    }
  }

  private static func instant(_ seconds: Int) -> Instant {
    Instant(nanoseconds: 1_000_000_000_000 + Int64(seconds) * 1_000_000_000)
  }

  func say(_ line: @autoclosure () -> String) {
    if isTracing { trace.append("\(seconds) s  \(line())") }
  }

  func issued(_ expectation: Expectation, to session: Int) {
    ledgers[session].issued.append(expectation)
  }

  // MARK: Actions

  private func perform(_ action: Action) throws(Verdict) {
    let client = clients[Int(action.a) % clients.count]
    switch action.kind {
    case .connect: try connect(client)
    case .work: try work(client, action.b, action.c)
    case .answer: try acknowledge(client, all: action.b & 1 == 0)
    case .disconnect: try disconnect(client, action.b)
    case .replaceClient: if client.index > 0 { replace(client, action.b) }
    case .deliverUp:
      try choose(action.a) { link throws(Verdict) in
        try deliverUp(link, count: amount(action.b, of: links[link].up.count))
      }
    case .deliverDown:
      try choose(action.a) { link throws(Verdict) in
        try deliverDown(link, count: amount(action.b, of: links[link].down.count))
      }
    case .flow: for _ in 0...(action.a % 3) { _ = try flow() }
    case .stall:
      try choose(action.a) { link throws(Verdict) in
        links[link].isStalled.toggle()
        try settle()
      }
    case .take: try take()
    case .write: write()
    case .tell: try tell()
    case .page: try answerPage(fails: action.a % 8 == 0)
    case .commit: if !isFailing { try commitAll() }
    case .wait: try wait(1 + Int(action.a % 6))
    case .cut:
      try choose(action.a) { link throws(Verdict) in
        try cut(link, way: action.b % 5, at: Int(action.c))
      }
    case .crash: try crash(afterSeconds: Int(action.a % 4))
    case .fail: try fail()
    case .recover: try recover()
    case .stop: try stop(afterSeconds: Int(action.a % 4))
    }
  }

  private func choose(_ word: UInt32, _ body: (Int) throws(Verdict) -> Void) throws(Verdict) {
    let living = links.indices.filter { !links[$0].isOver }
    if living.isEmpty { return }
    try body(living[Int(word >> 8) % living.count])
  }

  private func amount(_ word: UInt32, of count: Int) -> Int {
    word & 3 != 0 || count == 0 ? count : Int(word >> 2) % (count + 1)
  }

  /// Lets time pass second by second for all clients, and at once for the broker, whose turn comes
  /// late: what the clients send meanwhile lies unread.
  func wait(_ amount: Int) throws(Verdict) {
    for _ in 0..<amount {
      seconds += 1
      for client in clients {
        client.session.advance(to: now)
        try takeEvents(client)
      }
    }
    broker.advance(to: now)
    model.advance(to: seconds, self)
    try settle()
    try expectNobodySilent()
  }
}
