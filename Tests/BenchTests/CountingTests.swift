// Counting: what is lost, doubled and out of order, against a plain model that remembers everything.

import Basis
import Bench
import MQTTCodec
import TestSupport
import Testing

struct CountingTests {
  @Test(arguments: 1...50) func `a tracker counts what a memory of everything counts`(seed: Int) {
    var numbers = Chance(seed: UInt64(seed))
    let sent = UInt64(Int.random(in: 1...300, using: &numbers))
    var arrivals: [UInt64] = []
    for number in 0..<sent {
      // Lost, or once, or several times, somewhere near its place.
      for _ in 0..<[0, 1, 1, 1, 1, 2].randomElement(using: &numbers)! {
        let place = max(0, arrivals.count - Int.random(in: 0...8, using: &numbers) / 4 * 5)
        arrivals.insert(number, at: place)
      }
    }
    var tracker = SequenceTracker()
    var set = SequenceSet()
    var seen: Set<UInt64> = []
    var next: UInt64 = 0
    var (duplicates, late, doubles) = (0, 0, 0)
    for number in arrivals {
      let expected: SequenceTracker.Arrival =
        if seen.contains(number) {
          .duplicate
        } else if number < next {
          .late
        } else {
          number == next ? .inOrder : .ahead(missing: number - next)
        }
      #expect(tracker.receive(number) == expected)
      if expected == .duplicate { duplicates += 1 }
      if expected == .late { late += 1 }
      if !set.insert(number) { doubles += 1 }
      seen.insert(number)
      next = max(next, number + 1)
    }
    #expect(tracker.lost(of: sent) == sent - UInt64(seen.count))
    #expect(set.lost(of: sent) == sent - UInt64(seen.count))
    #expect(doubles == duplicates)
  }

  @Test func `a tracker with too many gaps keeps its counts and a bounded memory`() {
    var tracker = SequenceTracker()
    let sent = UInt64(SequenceTracker.gapLimit) * 2 + 2000
    for number in stride(from: UInt64(1), to: sent, by: 2) { _ = tracker.receive(number) }
    #expect(tracker.lost(of: sent) == sent / 2)
    #expect(tracker.surrendered > 0)
  }

  @Test func `a stamp is read as it was written`() {
    let stamp = MessageStamp(
      run: 0xBEEF, publisher: 0xFFFF_FFFE, sequence: 1 << 60, nanoseconds: 123_456_789_012)
    var bytes = ByteBuffer()
    bytes.append(1)
    stamp.append(to: &bytes)
    #expect(bytes.count == 1 + MessageStamp.size)
    #expect(MessageStamp(bytes.span, at: 1) == stamp)
    #expect(MessageStamp(bytes.span, at: 0) == nil)
    #expect(MessageStamp(bytes.span, at: 2) == nil)
  }

  @Test func `a schedule is absolute and publishers take turns`() {
    let schedule = SendSchedule(startNanoseconds: 1000, ratePerSecond: 1000, publishers: 4)
    #expect(schedule.nanoseconds(0, of: 0) == 1000)
    #expect(schedule.nanoseconds(0, of: 3) == 3_001_000)
    #expect(schedule.nanoseconds(250, of: 0) == 1_000_001_000)
    let far = SendSchedule(startNanoseconds: 0, ratePerSecond: 3_000_000, publishers: 1)
    #expect(abs(far.nanoseconds(3_000_000 * 86_400, of: 0) - 86_400_000_000_000) < 1000)
  }

  @Test(arguments: [(10, 3), (0, 3), (2, 5), (100, 1), (7, 7)])
  func
    `shares of a number of messages add up`(total: Int, publishers: Int)
  {
    let shares = (0..<publishers).map {
      MessageShare.count(total, of: $0, among: publishers)
    }
    #expect(shares.reduce(0, +) == total)
    #expect(shares == shares.sorted(by: >))
  }

  @Test func `a flight table keeps to its window and knows every message`() {
    var table = FlightTable(window: 3)
    var times: [UInt16: Int64] = [:]
    for round in 0..<70_000 {
      while table.hasRoom {
        let time = Int64(round * 10 + table.count)
        times[table.add(nanoseconds: time)] = time
      }
      #expect(table.count <= 3)
      guard let identifier = times.keys.randomElement() else { break }
      #expect(identifier > 0)
      #expect(table.stage(identifier) == .published)
      table.release(identifier)
      #expect(table.stage(identifier) == .released)
      #expect(table.complete(identifier) == times.removeValue(forKey: identifier))
      #expect(table.stage(identifier) == .free)
    }
  }

  @Test(arguments: [ProtocolVersion.v5, .v311], QoS.allCases)
  func
    `every packet of a publisher is what the codec reads`(version: ProtocolVersion, qos: QoS) throws
  {
    var properties = Properties()
    properties.append(.contentType, .string("text/plain"))
    let form = PublishPacket.Form(
      version: version, qos: qos, isRetained: true, payloadSize: 200, properties: properties)
    var values = PlaceholderText.Values()
    values.clientNumber = 5
    let packet = PublishPacket(
      topic: PlaceholderText("a/%i/%s"), payload: nil, form: form, values: values)
    #expect(packet.variesByMessage)
    values.message = 77
    packet.prepare(values)
    var bytes = ByteBuffer()
    let stamp = MessageStamp(run: 1, publisher: 2, sequence: 3, nanoseconds: 4)
    packet.append(stamp, identifier: 9, to: &bytes)
    let header = try #require(
      try FixedHeader.read(bytes.span, at: 0, packetSizeLimit: .max, version: version))
    let read = try Packet.decode(bytes.span, header, version: version, direction: .toServer)
    guard case .publish(let publish) = read else { throw NotAPublish() }
    #expect(publish.topic == "a/5/77")
    #expect(publish.qos == qos)
    #expect(publish.isRetained)
    #expect(publish.payload.count == 200)
    #expect(MessageStamp(publish.payload.span, at: 0) == stamp)
    #expect(publish.packetIdentifier == (qos == .atMostOnce ? nil : PacketIdentifier(rawValue: 9)))
    #expect(publish.properties.string(.contentType) == (version == .v5 ? "text/plain" : nil))
  }

  struct NotAPublish: Error {}

  @Test func `a crash is counted by what was acknowledged`() {
    var ledger = CrashLedger()
    for number in 0..<5 as Range<UInt64> where number != 3 { ledger.acknowledge(number) }
    #expect(ledger.lost == 4)
    ledger.receive(0)
    ledger.receive(1)
    ledger.receive(1)
    #expect(ledger.lost == 2)
    #expect(ledger.isMissingSome)
    ledger.publisherSessionLost(sent: 5)
    ledger.receive(3)
    ledger.receive(3)
    #expect((ledger.doubled, ledger.doubledAnew) == (1, 1))
    ledger.acknowledge(3)
    #expect(ledger.lost == 2)
    #expect(ledger.isBroken(qos: 1))
    var fine = CrashLedger()
    fine.acknowledge(0)
    fine.receive(0)
    fine.receive(0)
    #expect(!fine.isBroken(qos: 1))
    #expect(fine.isBroken(qos: 2))
  }
}
