// What sessions cost, measured in a process of its own, where no other test allocates.

import AllocationCount
import Foundation
import Testing
import Transport

@Suite struct TLSMemoryTests {
  /// Bytes in use on the heap.
  static var bytesInUse: Int { heap_bytes_in_use() }

  @Test func `idle sessions keep no buffers`() async {
    await #expect(processExitsWith: .success) {
      let server = try TLSContext.server(.localhost)
      let client = try TLSContext.client(.trusting)
      func connected() -> TLSPairBox {
        var pair = TLSPair(client: client, server: server, name: "localhost")
        pair.connect()
        for _ in 0..<3 {
          _ = pair.client.write([UInt8](repeating: 1, count: 1_000))
          _ = pair.server.read()
          _ = pair.server.write([UInt8](repeating: 1, count: 1_000))
          _ = pair.client.read()
        }
        return TLSPairBox(pair)
      }
      var pairs = [connected()]
      pairs.reserveCapacity(200)
      let before = TLSMemoryTests.bytesInUse
      for _ in 0..<100 { pairs.append(connected()) }
      let each = (TLSMemoryTests.bytesInUse - before) / 100
      // OpenSSL's own structures take 14 KB at each end; a buffer for a record takes 16 KB more.
      try #require(each < 36_000, "two idle sessions take \(each) bytes")
      try #require(pairs.count == 101)
    }
  }

  @Test func `sessions leave nothing behind, whether they succeed or fail`() async {
    await #expect(processExitsWith: .success) {
      let server = try TLSContext.server(.localhost)
      let clients = try [TLSClientSettings.trusting, TLSClientSettings()].map { settings in
        try TLSContext.client(settings)
      }
      func run() {
        for client in clients {
          var pair = TLSPair(client: client, server: server, name: "localhost")
          let progress = pair.handshake()
          _ = "\(progress)"
          guard progress.client == .done else { continue }
          _ = pair.client.write([1])
          _ = pair.server.read()
          pair.server.shutdown()
        }
      }
      // The allocator's own caches fill first.
      for _ in 0..<400 { run() }
      let before = TLSMemoryTests.bytesInUse
      for _ in 0..<400 { run() }
      let grown = TLSMemoryTests.bytesInUse - before
      // The smallest thing a session owns, its BIO, takes 136 bytes.
      try #require(grown < 1_600 * 100, "1,600 sessions left \(grown) bytes")
    }
  }
}

/// A pair in a box, so that many can be kept.
private final class TLSPairBox {
  private let pair: TLSPair

  init(_ pair: consuming TLSPair) {
    self.pair = pair
  }
}
