// Bytes through a reactor and its sockets: whole, split, blocked, paused, many links at once.

import Basis
import Glibc
import Synchronization
import Testing
import Transport

@Suite struct ReactorTests {
  @Test func `bytes cross a reactor and come back`() throws {
    let reactor = try Reactor(index: 0)
    let listener = try loopbackListener()
    let address = listener.address
    try reactor.listen(listener, index: 7)
    let client = reactor.connect(to: address, owner: 42)
    let returned = Box<[UInt8]>([])
    let accepted = Box<[Int]>([])
    ReactorScript.run(reactor, until: returned.value.count == 3) { reactor, event in
      if case .accepted(let arrival) = event.event {
        accepted.value.append(arrival.listener)
        #expect(arrival.peer.host == "127.0.0.1")
      }
      if event.isConnected {
        #expect(event.link == client)
        #expect(event.owner == 42)
        reactor.send(buffer([1, 2, 3]), on: event.link)
      }
      guard let range = event.receivedRange else { return }
      if event.link == client {
        returned.value += bytes(reactor, range)
      } else {
        reactor.send(buffer(bytes(reactor, range)), on: event.link)
      }
    }
    #expect(returned.value == [1, 2, 3])
    #expect(accepted.value == [7])
  }

  @Test func `every split of the bytes arrives as the same bytes`() throws {
    let (reactor, address) = try listeningReactor()
    let message = pattern(24)
    // The owner of a client link is where its message is split; the rest follows when the first
    // part has come back.
    for split in 1..<message.count { _ = reactor.connect(to: address, owner: UInt64(split)) }
    let echoed = Box<[UInt64: [UInt8]]>([:])
    func isComplete() -> Bool {
      echoed.value.count == message.count - 1 && echoed.value.values.allSatisfy { $0 == message }
    }
    ReactorScript.run(reactor, until: isComplete()) { reactor, event in
      let split = Int(event.owner)
      if event.isConnected { reactor.send(buffer(Array(message[..<split])), on: event.link) }
      guard let range = event.receivedRange else { return }
      let part = bytes(reactor, range)
      if split == 0 { return reactor.send(buffer(part), on: event.link) }
      echoed.value[event.owner, default: []] += part
      if echoed.value[event.owner]?.count == split {
        reactor.send(buffer(Array(message[split...])), on: event.link)
      }
    }
    #expect(echoed.value.values.allSatisfy { $0 == message })
  }

  @Test(arguments: [false, true])
  func `a peer that does not read blocks its own link until it reads`(speaksFirst: Bool) throws {
    let (reactor, address) = try listeningReactor()
    let client = reactor.connect(to: address, owner: 1)
    if speaksFirst { reactor.send(buffer([1]), on: client) }
    let message = pattern(16 << 20)
    let server = Box(LinkID.none)
    let received = Box<[UInt8]>([])
    let drains = Box(0)
    reactor.pauseReading(client)
    ReactorScript.run(reactor, until: reactor.isBlocked(server.value)) { reactor, event in
      if event.isAccepted {
        server.value = event.link
        reactor.send(buffer(message), on: event.link)
      }
      #expect(event.receivedRange == nil || speaksFirst && event.link == server.value)
    }
    #expect(reactor.unsentBytes(server.value) > 0)
    #expect(reactor.unsentBytes(server.value) < message.count)
    reactor.resumeReading(client)
    ReactorScript.run(reactor, until: received.value.count == message.count && drains.value == 1) {
      reactor, event in
      if let range = event.receivedRange { received.value += bytes(reactor, range) }
      if event.isDrained {
        drains.value += 1
        #expect(event.link == server.value)
      }
    }
    #expect(received.value == message)
    #expect(reactor.unsentBytes(server.value) == 0)
    #expect(!reactor.isBlocked(server.value))
  }

  @Test func `what is sent while a link is blocked comes after what was`() throws {
    let first = pattern(12 << 20)
    let second = Array(pattern(5000).reversed())
    try expect(first + second) { reactor, link in
      reactor.send(buffer(first), on: link)
    } whileBlocked: { reactor, link in
      reactor.send(buffer(second), on: link)
    }
  }

  @Test func `shared bytes that the kernel does not take follow when it does`() throws {
    let first = pattern(12 << 20)
    let shared = SharedBytes()
    shared.buffer.append(first.span)
    try expect(first + first[7..<5000]) { reactor, link in
      reactor.send(SharedRun(shared, 0..<first.count), on: link)
    } whileBlocked: { reactor, link in
      reactor.send(SharedRun(shared, 7..<5000), on: link)
    }
  }

  /// Sends more than the kernel takes to a client that does not read, then the rest, and expects the
  /// client to get it all when it reads.
  private func expect(
    _ expected: [UInt8], sending first: @escaping (Reactor, LinkID) -> Void,
    whileBlocked second: (Reactor, LinkID) -> Void
  ) throws {
    let (reactor, address) = try listeningReactor()
    let client = reactor.connect(to: address, owner: 1)
    let server = Box(LinkID.none)
    let received = Box<[UInt8]>([])
    reactor.pauseReading(client)
    ReactorScript.run(reactor, until: reactor.isBlocked(server.value)) { reactor, event in
      guard event.isAccepted else { return }
      server.value = event.link
      first(reactor, event.link)
    }
    second(reactor, server.value)
    reactor.resumeReading(client)
    ReactorScript.run(reactor, until: received.value.count == expected.count) { reactor, event in
      if let range = event.receivedRange { received.value += bytes(reactor, range) }
    }
    // Not in `#expect`, which would print both.
    let isSame = received.value == expected
    #expect(isSame)
  }

  @Test(arguments: [100, 20_000, 500_000])
  func `shared bytes keep their place among a link's own, up to its end`(count: Int) throws {
    let (reactor, address) = try listeningReactor()
    let clients = (1...3).map { reactor.connect(to: address, owner: UInt64($0)) }
    // With these the links come before they are watched.
    for client in clients { reactor.send(buffer([9]), on: client) }
    let shared = SharedBytes()
    shared.buffer.append(pattern(count).span)
    let parts = [0..<count / 2, count / 2..<count].map { SharedRun(shared, $0) }
    let received = Box<[UInt64: [UInt8]]>([:])
    let endCount = Box(0)
    for client in clients { reactor.pauseReading(client) }
    let accepted = Box(0)
    ReactorScript.run(reactor, until: accepted.value == 3) { reactor, event in
      guard event.isAccepted else { return }
      accepted.value += 1
      reactor.send(buffer([1]), on: event.link)
      for part in parts { reactor.send(part, on: event.link) }
      reactor.send(buffer([2, 3]), on: event.link)
      reactor.send(parts[0], on: event.link)
      reactor.close(event.link, flushing: true)
    }
    for client in clients { reactor.resumeReading(client) }
    ReactorScript.run(reactor, until: endCount.value == 3) { reactor, event in
      if let range = event.receivedRange {
        received.value[event.owner, default: []] += bytes(reactor, range)
      }
      if event.end != nil { endCount.value += 1 }
    }
    let expected = [1] + pattern(count) + [2, 3] + pattern(count)[..<(count / 2)]
    for owner in 1...3 {
      let isSame = received.value[UInt64(owner)] == expected
      #expect(isSame)
    }
  }

  @Test func `a link that is blocked a second time is reported as drained a second time`() throws {
    let (reactor, address) = try listeningReactor()
    let client = reactor.connect(to: address, owner: 1)
    let message = pattern(16 << 20)
    let server = Box(LinkID.none)
    let drains = Box(0)
    ReactorScript.run(reactor, until: server.value != .none) { _, event in
      if event.isAccepted { server.value = event.link }
    }
    for round in 1...2 {
      reactor.pauseReading(client)
      reactor.send(buffer(message), on: server.value)
      ReactorScript.run(reactor, until: reactor.isBlocked(server.value)) { _, _ in }
      reactor.resumeReading(client)
      ReactorScript.run(reactor, until: drains.value == round) { _, event in
        if event.isDrained { drains.value += 1 }
      }
    }
    #expect(drains.value == 2)
  }

  @Test func `bytes handed over before the connection is complete follow it`() throws {
    let (reactor, address) = try listeningReactor()
    let client = reactor.connect(to: address, owner: 1)
    reactor.send(buffer([1, 2]), on: client)
    let received = Box<[UInt8]>([])
    ReactorScript.run(reactor, until: received.value.count == 2) { reactor, event in
      if let range = event.receivedRange { received.value += bytes(reactor, range) }
    }
    #expect(received.value == [1, 2])
  }

  @Test func `two thousand links each get their own bytes`() throws {
    ProcessSettings.raiseDescriptorLimit()
    let (reactor, address) = try listeningReactor()
    let count = 2000
    for number in 1...count { _ = reactor.connect(to: address, owner: UInt64(number)) }
    let answers = Box<[UInt64: [UInt8]]>([:])
    ReactorScript.run(reactor, until: answers.value.values.filter { $0.count == 2 }.count == count)
    {
      reactor, event in
      let number = UInt16(truncatingIfNeeded: event.owner)
      if event.isConnected {
        reactor.send(buffer([UInt8(number >> 8), UInt8(number & 255)]), on: event.link)
      }
      guard let range = event.receivedRange else { return }
      if number == 0 {
        reactor.send(buffer(bytes(reactor, range)), on: event.link)
      } else {
        answers.value[event.owner, default: []] += bytes(reactor, range)
      }
    }
    #expect(answers.value.allSatisfy { $0.value == [UInt8($0.key >> 8), UInt8($0.key & 255)] })
    #expect(reactor.linkCount == 2 * count)
    reactor.closeAll()
    #expect(reactor.linkCount == 0)
  }

  @Test func `an incoming link brings what was sent with it in the tick that reports it`() throws {
    let (reactor, address) = try listeningReactor()
    reactor.send(buffer([1, 2, 3]), on: reactor.connect(to: address, owner: 1))
    let firstTick = Box<[String]>([])
    ReactorScript.run(reactor, until: !firstTick.value.isEmpty) { reactor, event in
      if event.isAccepted { firstTick.value.append("accepted") }
      if let range = event.receivedRange {
        firstTick.value.append("\(bytes(reactor, range))")
      }
    }
    #expect(firstTick.value == ["accepted", "[1, 2, 3]"])
  }

  @Test func `a new link that talks on is heard, after a silence too, and to its end`() throws {
    let (reactor, address) = try listeningReactor()
    let talker = try Reactor(index: 1)
    _ = talker.connect(to: address, owner: 1)
    try SystemThread(name: "talker") { talker.run(Talker()) }.detach()
    let received = Box<[UInt8]>([])
    let end = Box<LinkEnd?>(nil)
    ReactorScript.run(reactor, until: end.value != nil) { reactor, event in
      if let reason = event.end { end.value = reason }
      guard let range = event.receivedRange else { return }
      received.value += bytes(reactor, range)
      if received.value.count == 3000 { reactor.send(buffer([1]), on: event.link) }
    }
    talker.stop()
    let isSame =
      received.value == (0..<3000).map { UInt8(truncatingIfNeeded: $0) } + [0, 0, 0]
    #expect(isSame)
    #expect(end.value == .peerClosed)
  }

  @Test func `a paused link brings nothing until it is resumed`() throws {
    let (reactor, address) = try listeningReactor()
    let client = reactor.connect(to: address, owner: 1)
    let witness = reactor.connect(to: address, owner: 2)
    let paused = Box(LinkID.none)
    let received = Box<[[UInt8]]>([])
    reactor.send(buffer([0]), on: client)
    // The witness speaks after the paused link's bytes are on their way, and is heard first.
    ReactorScript.run(reactor, until: received.value == [[0], [2]]) { reactor, event in
      guard let range = event.receivedRange else { return }
      received.value.append(bytes(reactor, range))
      if received.value == [[0]] {
        paused.value = event.link
        reactor.pauseReading(event.link)
        reactor.send(buffer([1]), on: client)
        reactor.send(buffer([2]), on: witness)
      }
    }
    reactor.resumeReading(paused.value)
    ReactorScript.run(reactor, until: received.value.count == 3) { reactor, event in
      if let range = event.receivedRange { received.value.append(bytes(reactor, range)) }
    }
    #expect(received.value == [[0], [2], [1]])
  }

  @Test func `a stranger's descriptor is watched while it is readable`() throws {
    let reactor = try Reactor(index: 0)
    var ends: [Int32] = [0, 0]
    try #require(pipe(&ends) == 0)
    defer {
      close(ends[0])
      close(ends[1])
    }
    try reactor.watch(ends[0])
    #expect(write(ends[1], "x", 1) == 1)
    let seen = Box<[Int32]>([])
    ReactorScript.run(reactor, until: seen.value.count == 2) { _, event in
      if case .readable(let descriptor) = event.event { seen.value.append(descriptor) }
    }
    #expect(seen.value == [ends[0], ends[0]])
    reactor.unwatch(ends[0])
  }

  @Test func `another thread wakes and stops a sleeping reactor`() throws {
    let reactor = try Reactor(index: 0)
    let disturber = Disturber()
    reactor.wake()
    reactor.run(disturber)
    #expect(disturber.tickCount.load(ordering: .relaxed) >= 100)
  }

  @Test func `written buffers come back empty with their memory`() throws {
    let reactor = try Reactor(index: 0)
    reactor.keepsSpareBuffers = true
    let listener = try loopbackListener()
    let address = listener.address
    try reactor.listen(listener, index: 0)
    _ = reactor.connect(to: address, owner: 1)
    let received = Box(0)
    ReactorScript.run(reactor, until: received.value == 3) { reactor, event in
      if event.isConnected { reactor.send(buffer([1, 2, 3]), on: event.link) }
      if let range = event.receivedRange { received.value += range.count }
    }
    var spares = 0
    while let spare = reactor.takeSpareBuffer() {
      let (count, capacity) = (spare.count, spare.capacity)
      #expect(count == 0)
      #expect(capacity > 0)
      spares += 1
    }
    #expect(spares == 1)
  }
}

/// Sends 3000 bytes, one in each tick without a pause, and when something has come, three more and an
/// end.
private final class Talker: ReactorDelegate {
  private var link = LinkID.none
  private var sent = 0

  func tick(_ reactor: Reactor, now: Instant) -> Instant? {
    for event in reactor.events {
      if event.isConnected { link = event.link }
      if event.receivedRange == nil { continue }
      reactor.send(buffer([0, 0, 0]), on: link)
      reactor.close(link, flushing: true)
    }
    if link == .none || sent == 3000 { return nil }
    reactor.send(buffer([UInt8(truncatingIfNeeded: sent)]), on: link)
    sent += 1
    return now
  }
}

/// Starts, in its first tick, a thread that wakes the reactor until it has ticked a hundred times,
/// and then stops it.
private final class Disturber: ReactorDelegate, Sendable {
  let tickCount = Atomic<Int>(0)

  func tick(_ reactor: Reactor, now: Instant) -> Instant? {
    if tickCount.add(1, ordering: .relaxed).oldValue > 0 { return nil }
    do throws(SystemError) {
      try SystemThread(name: "disturber") { [self] in
        while tickCount.load(ordering: .relaxed) < 100 { reactor.wake() }
        reactor.stop()
      }.detach()
    } catch {
      Issue.record("\(error)")
      reactor.stop()
    }
    return nil
  }
}
