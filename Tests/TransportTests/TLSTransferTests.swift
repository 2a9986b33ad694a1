// Bytes through an established session: batches, short writes, buffered records, and the ends.

import Foundation
import Testing
import Transport

@Suite struct TLSTransferTests {
  private func connected(_ version: TLSVersion = .tls1_3) throws -> TLSPair {
    var settings = TLSClientSettings.trusting
    settings.minimumVersion = version
    settings.maximumVersion = version
    var pair = try TLSPair(client: settings, server: .localhost)
    pair.connect()
    return pair
  }

  @Test(arguments: TLSVersion.allCases)
  func `what one end writes the other reads`(version: TLSVersion) throws {
    var pair = try connected(version)
    #expect(pair.client.write([1, 2, 3]) == .bytes(3))
    let received = pair.server.read()
    #expect(received.result == .bytes(3))
    #expect(received.bytes == [1, 2, 3])
    #expect(pair.server.write([4]) == .bytes(1))
    #expect(pair.client.read().bytes == [4])
  }

  @Test func `a read without bytes wants the socket readable`() throws {
    var pair = try connected()
    #expect(pair.server.read().result == .wantsRead)
    #expect(pair.server.hasPending == false)
  }

  @Test func `one read takes many small records`() throws {
    var pair = try connected()
    for number in 0..<20 {
      #expect(pair.client.write([UInt8(number)]) == .bytes(1))
    }
    #expect(pair.server.read().bytes == Array(0..<20))
  }

  @Test func `bytes of a record that found no room are pending`() throws {
    var pair = try connected()
    #expect(pair.client.write([1, 2, 3, 4, 5]) == .bytes(5))
    #expect(pair.server.read(2).bytes == [1, 2])
    #expect(pair.server.hasPending == true)
    #expect(pair.server.read(2).bytes == [3, 4])
    #expect(pair.server.hasPending == true)
    #expect(pair.server.read(2).bytes == [5])
    #expect(pair.server.hasPending == false)
  }

  @Test func `reading while something is pending leaves nothing in the socket`() throws {
    var pair = try connected()
    // Around the size of OpenSSL's buffer, so that for one of the sizes the first record fills it.
    for size in 8_500..<8_900 {
      let sent = [8_000, size, 100].map {
        [UInt8](repeating: UInt8(truncatingIfNeeded: $0), count: $0)
      }
      for record in sent { #expect(pair.client.write(record) == .bytes(record.count)) }
      var received: [UInt8] = []
      repeat { received += pair.server.read(20_000).bytes } while pair.server.hasPending
      // Compared outside the expectation, which would print every byte.
      let isWhole = received == sent.flatMap { $0 }
      #expect(isWhole, "\(received.count) bytes arrived of \(8_100 + size)")
    }
  }

  @Test func `a record cut by the network is not pending until its rest arrives`() throws {
    var pair = try connected()
    #expect(pair.client.write([1, 2, 3]) == .bytes(3))
    // Take the record off the wire and put it back in two parts.
    var record = [UInt8](repeating: 0, count: 100)
    let count = recv(pair.sockets.server, &record, record.count, 0)
    #expect(count > 10)
    #expect(send(pair.sockets.client, record, 10, 0) == 10)
    #expect(pair.server.read().result == .wantsRead)
    #expect(pair.server.hasPending == false)
    let rest = Array(record[10..<count])
    #expect(send(pair.sockets.client, rest, rest.count, 0) == rest.count)
    #expect(pair.server.read().bytes == [1, 2, 3])
  }

  @Test(arguments: TLSVersion.allCases)
  func `three megabytes cross a socket that takes them in pieces`(version: TLSVersion) throws {
    var pair = try connected(version)
    let sent = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
    var received: [UInt8] = []
    var taken = 0
    var refusals = 0
    while received.count < sent.count {
      if taken < sent.count {
        switch pair.client.write(sent[taken...]) {
        case .bytes(let count): taken += count
        case .wantsWrite: refusals += 1
        case .wantsRead, .failed: Issue.record("the write failed")
        }
      }
      let some = pair.server.read(10_000)
      received += some.bytes
      if case .failed(let failure) = some.result {
        Issue.record("\(failure)")
        return
      }
    }
    let isWhole = received == sent
    #expect(isWhole)
    #expect(refusals > 0)
  }

  @Test func `a refused write goes on from another address with more behind it`() throws {
    var pair = try connected()
    let block = [UInt8](repeating: 7, count: 16_384)
    var written = 0
    while case .bytes(let count) = pair.client.write(block) { written += count }
    var received = 0
    while case .bytes(let count) = pair.server.read().result { received += count }
    // The refused record still counts from its first byte; the array is a new one each time.
    #expect(pair.client.write(block + [8, 9]) == .bytes(block.count + 2))
    var last: [UInt8] = []
    while received < written + block.count + 2 {
      let some = pair.server.read()
      guard case .bytes(let count) = some.result else { break }
      received += count
      last = some.bytes
    }
    #expect(received == written + block.count + 2)
    #expect(last.suffix(2) == [8, 9])
  }

  @Test(arguments: TLSVersion.allCases)
  func `close_notify is a clean end, for both ends in turn`(version: TLSVersion) throws {
    var pair = try connected(version)
    #expect(pair.client.write([1]) == .bytes(1))
    pair.client.shutdown()
    #expect(pair.server.read().bytes == [1])
    #expect(pair.server.hasPending == true)
    #expect(pair.server.read().result == .ended(clean: true))
    pair.server.shutdown()
    #expect(pair.client.read().result == .ended(clean: true))
  }

  @Test(arguments: TLSVersion.allCases)
  func `a connection that just closes is an unclean end`(version: TLSVersion) throws {
    var pair = try connected(version)
    pair.sockets.closeServer()
    #expect(pair.client.read().result == .ended(clean: false))
    #expect(pair.client.read().result == .ended(clean: false))
  }

  @Test func `a write to a closed connection says so`() throws {
    var pair = try connected()
    pair.sockets.closeServer()
    guard case .failed(let failure) = pair.client.write([1]) else {
      Issue.record("the write did not fail")
      return
    }
    #expect(failure.check == .connectionLost(reason: "Broken pipe"))
    let text = "TLS: the connection to the server localhost was lost: Broken pipe."
    #expect(failure.description == text)
  }

  @Test func `garbage inside a session is the peer's fault`() throws {
    var pair = try connected()
    let garbage: [UInt8] = [0x17, 3, 3, 0, 20] + [UInt8](repeating: 0, count: 20)
    #expect(send(pair.sockets.client, garbage, garbage.count, 0) == garbage.count)
    guard case .failed(let failure) = pair.server.read().result else {
      Issue.record("the read did not fail")
      return
    }
    #expect(failure.description.contains("the client broke the rules of TLS: "))
    guard case .failed(let told) = pair.client.read().result else {
      Issue.record("the client was not told")
      return
    }
    #expect(told.check == .alert(TLSAlert(number: 20)))
  }
}
