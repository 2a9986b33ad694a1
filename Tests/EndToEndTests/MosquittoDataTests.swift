// Moving over from Debian's mosquitto with the same configuration: its sessions, their messages and
// what is retained are there when ours is started in its place.

import Foundation
import LiveSupport
import Testing

struct MosquittoDataTests {
  @Test func `sessions, queues and retained messages of Debian's mosquitto come along, once`()
    throws
  {
    let folder = TestFolder()
    let port = try freePort()
    let text = """
      listener \(port) 127.0.0.1
      allow_anonymous true
      persistence true
      persistence_location \(folder.path)/
      user root

      """
    let old = try MosquittoFileBroker(text, ports: [port], command: ["/usr/sbin/mosquitto"])
    let subscribe = [
      "/usr/bin/mosquitto_sub", "-p", "\(port)", "-c", "-i", "lasting", "-q", "2", "-t", "a/#",
    ]
    #expect(try run(subscribe + ["-E"]).status == 0)
    let publish = ["/usr/bin/mosquitto_pub", "-p", "\(port)", "-q", "2"]
    for number in 1...3 {
      #expect(try run(publish + ["-t", "a/\(number)", "-m", "\(number)"]).status == 0)
    }
    #expect(try run(publish + ["-r", "-t", "state", "-m", "kept"]).status == 0)
    old.program.signal(SIGTERM)
    #expect(try old.program.exitStatus() == 0)
    let data = try Data(contentsOf: URL(fileURLWithPath: folder.path + "/mosquitto.db"))

    let new = try MosquittoFileBroker(text, ports: [port])
    try new.program.waitFor(
      "mosquitto.db: taken over from mosquitto: 1 session with 1 subscription and 3 messages on "
        + "their way, 1 retained message; the file is left as it is")
    let got = try run(subscribe + ["-C", "3", "-W", "20", "-v"])
    #expect(got.output == "a/1 1\na/2 2\na/3 3\n")
    let retained = [
      "/usr/bin/mosquitto_sub", "-p", "\(port)", "-t", "state", "-C", "1", "-W", "20",
    ]
    #expect(try run(retained).output == "kept\n")
    #expect(try run(publish + ["-r", "-t", "state", "-m", "ours"]).status == 0)
    new.program.signal(SIGTERM)
    #expect(try new.program.exitStatus() == 0)

    let again = try MosquittoFileBroker(text, ports: [port])
    #expect(try run(retained).output == "ours\n")
    #expect(!again.program.errors.contains("taken over"))
    #expect(try Data(contentsOf: URL(fileURLWithPath: folder.path + "/mosquitto.db")) == data)
  }
}
