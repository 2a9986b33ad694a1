// Debian's mosquitto, the broker that ours is held against. `.ci/setup --tests` installs it.

import Foundation

/// A running mosquitto on a port of its own.
package final class Mosquitto {
  /// The port of loopback that it serves.
  package let port: UInt16
  /// Where its configuration is, and what else a test puts there.
  package let folder: TestFolder
  /// Its process.
  package let program: RunningProgram

  /// Starts it and waits until it serves.
  ///
  /// Its port is open to everybody unless `lines`, which stand behind that in its configuration, say
  /// otherwise; they may name files that they write into its folder.
  package init(_ lines: (_ folder: TestFolder) throws -> [String] = { _ in [] }) throws {
    port = try freePort()
    folder = TestFolder()
    // Started as root it would become another user, who may not read the files of the tests.
    let open = ["user root", "listener \(port) 127.0.0.1", "allow_anonymous true"]
    let text = (open + (try lines(folder))).joined(separator: "\n") + "\n"
    let file = try folder.write(text, to: "mosquitto.conf")
    program = try RunningProgram(["/usr/sbin/mosquitto", "-c", file])
    try program.waitForPort(port)
  }
}
