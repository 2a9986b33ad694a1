// Connections that are cut on the way, and what of the messages arrives: the short form of
// Tests/Cuts/rounds.py, which says what is held against what.

import Foundation
import LiveSupport
import Testing

struct CutConnectionTests {
  @Test func `pub keeps its promises over cut connections, or says how many messages it did not`()
    throws
  {
    let result = try run(
      [
        "/usr/bin/python3", "\(checkoutFolder)/Tests/Cuts/rounds.py", "--program", mqttPath,
        "--rounds", "1", "--lines", "1500", "--cuts", "4", "--bytes", "5000",
      ], within: 150)
    #expect(result.status == 0, "\(result.output)\(result.errors)")
  }
}
