// Names on their way to addresses, while the one who wants to know does something else.

import Foundation
import Synchronization
import Testing
import Transport

@Suite struct NameLookupTests {
  /// Looks a name up and waits to be told.
  private func answer(_ host: String) throws -> NameLookup.Answer {
    let isTold = DispatchSemaphore(value: 0)
    let lookup = NameLookup.begin(host, port: 1883) { isTold.signal() }
    #expect(isTold.wait(timeout: .now() + 60) == .success)
    return try #require(lookup.answer)
  }

  @Test func `a name has its addresses, each with the port`() throws {
    let addresses = try answer("localhost").get()
    #expect(addresses.allSatisfy { $0.isLocal && $0.port == 1883 })
    #expect(!addresses.isEmpty)
  }

  @Test func `a name that cannot be has a reason`() throws {
    guard case .failure(let error) = try answer("no such name") else {
      Issue.record("it was found")
      return
    }
    #expect(error.host == "no such name")
    #expect(!error.reason.isEmpty)
  }

  @Test func `everybody who asks is told once`() throws {
    let count = Mutex(0)
    let isTold = DispatchSemaphore(value: 0)
    let lookups = (0..<100).map { _ in
      NameLookup.begin("localhost", port: 1) {
        count.withLock { $0 += 1 }
        isTold.signal()
      }
    }
    for _ in lookups { #expect(isTold.wait(timeout: .now() + 60) == .success) }
    #expect(lookups.allSatisfy { $0.answer != nil })
    #expect(count.withLock { $0 } == 100)
  }
}
