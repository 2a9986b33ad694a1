// The broker as users run it: the built executable, on a port of its own.

import Foundation

/// The folder of the built products, which is where the running test bundle lies.
package var productsFolder: String {
  let bundle = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
  return URL(filePath: bundle).deletingLastPathComponent().path
}

/// The built executable.
package var mqttPath: String { productsFolder + "/mqtt" }

/// The top folder of the checkout.
package var checkoutFolder: String {
  URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().path
}

/// A running `mqtt broker`.
package final class LiveBroker {
  /// Its process.
  package let program: RunningProgram
  /// The port of loopback that it serves.
  package let port: UInt16

  /// Starts it and waits until it serves.
  ///
  /// It keeps nothing on disk unless `data` says where; with `speaksWebSocket` its port serves that
  /// as well.
  package init(
    _ options: [String] = [], data: String? = nil, speaksWebSocket: Bool = false
  ) throws {
    port = try freePort()
    let place = data.map { ["--data", $0] } ?? ["--memory"]
    let webSocket = speaksWebSocket ? ["--ws", "\(port)"] : []
    program = try RunningProgram(
      [mqttPath, "broker", "-p", "\(port)"] + place + webSocket + options)
    try program.waitForPort(port)
  }

  /// A new connection to it.
  package func connect() throws -> TCPConnection { try TCPConnection(port: port) }

  /// Bytes of memory that it holds.
  package var residentBytes: Int { program.residentBytes }
}
