// The exit statuses that the README and the manual pages name: each is one that a command ends with.

import Foundation
import LiveSupport
import Testing

@Suite struct ExitStatusTests {
  private static let capture = checkoutFolder + "/Tests/Captures/mqtt_packets.pcapng"

  /// For each manual page the statuses that it names, and for each of them a command line that ends
  /// with it; PORT is a broker for ann alone, FOLDER has her files.
  private static let lines: [String: [String: String]] = [
    "mqtt": [
      "0": "--version", "1": "pub a b -p 1", "2": "pub --quos 1",
      "27": "sub -p PORT -u ann -P secret a -W 0.2",
    ],
    "mqtt-pub": [
      "0": "pub -p PORT -u ann -P secret room/a b -q 1", "1": "pub a b -p 1", "2": "pub a",
      "27": "pub -p PORT -u ann -P secret --wait-reply -W 0.2 room/a b",
    ],
    "mqtt-sub": [
      "0": "sub -p PORT -u ann -P secret a -E", "1": "sub a -p 1", "2": "sub",
      "27": "sub -p PORT -u ann -P secret a -W 0.2",
    ],
    "mqtt-broker": [
      "0": "broker -c FOLDER/conf --test-config", "1": "broker -c FOLDER/none --test-config",
      "2": "broker --prot 1",
    ],
    "mqtt-broker-passwd": [
      "0": "broker passwd -c -b FOLDER/new bob secret", "1": "broker passwd -b FOLDER/none bob x",
      "2": "broker passwd FOLDER/new",
    ],
    "mqtt-acl-check": [
      "0": "acl-check --acl FOLDER/acl --user ann publish room/a",
      "1": "acl-check --acl FOLDER/acl --user bob publish room/a",
      "2": "acl-check --acl FOLDER/none publish a",
    ],
    "mqtt-inspect-pcap": [
      "0": "inspect-pcap CAPTURE --check", "1": "inspect-pcap FOLDER/none",
      "2": "inspect-pcap",
    ],
    "mqtt-bench": [
      "0": "bench pairs:1 -p PORT -u ann -P secret -t room/a -d 0.1 --quiet",
      "1": "bench pairs:1 -p 1 -d 0.1", "2": "bench pars:1",
      "3": "bench pairs:1 -p PORT -u ann -P secret -t room/a --filter room/b -q 1 -C 5 "
        + "--drain 0.2 --quiet",
      "4": "bench pairs:1 -p PORT -u ann -P secret -t room/a -d 0.1 --quiet --fail-if rate>0",
    ],
  ]

  /// The numbers under EXIT STATUS of a page; ranges, 7 and 8 (LostConnectionTests) and the end by a
  /// signal (InterruptedTests) are tested apart.
  private func statuses(_ page: String) throws -> [String] {
    let text = try String(contentsOfFile: "\(checkoutFolder)/man/\(page).1", encoding: .utf8)
    let section = text.components(separatedBy: ".Sh EXIT STATUS\n").dropFirst().first ?? ""
    return section.components(separatedBy: "\n.Sh ")[0].split(separator: "\n")
      .filter { $0.hasPrefix(".It ") }.map { String($0.dropFirst(4)) }
  }

  @Test func `every status that a manual page names is one that the command ends with`() throws {
    let folder = TestFolder()
    try folder.write("listener 18830 127.0.0.1\nallow_anonymous true\n", to: "conf")
    let rules = try folder.write("user ann\ntopic readwrite room/#\n", to: "acl")
    let passwords = folder.path("passwords")
    _ = try run([mqttPath, "broker", "passwd", "-c", "-b", passwords, "ann", "secret"])
    let broker = try LiveBroker(["--quiet", "--passwords", passwords, "--acl", rules])
    for (page, lines) in Self.lines {
      let named = try statuses(page)
      let single = named.filter { !$0.contains(" to ") && !["7", "8", "a signal"].contains($0) }
      #expect(Set(single) == Set(lines.keys), "\(page)")
      for (status, line) in lines {
        let words = line.split(separator: " ").map {
          String($0).replacing("FOLDER", with: folder.path)
            .replacing("PORT", with: "\(broker.port)").replacing("CAPTURE", with: Self.capture)
        }
        let result = try run([mqttPath] + words)
        #expect("\(result.status)" == status, "\(line): \(result.errors)")
      }
    }
  }

  @Test func `a refused publish and a refused login are their reason codes`() throws {
    let folder = TestFolder()
    let rules = try folder.write("user ann\ntopic readwrite room/#\n", to: "acl")
    let broker = try LiveBroker(["--quiet", "--acl", rules])
    let publish = [mqttPath, "pub", "-p", "\(broker.port)", "-q", "1"]
    #expect(try run(publish + ["shut", "x"]).status == 135)
    #expect(try run(publish + ["-q", "2", "shut", "x"]).status == 135)
    // What the manual says of clients that cannot be told.
    #expect(try run(publish + ["-V", "311", "shut", "x"]).status == 0)
    #expect(try run(publish + ["-q", "0", "shut", "x"]).status == 0)
    let passwords = folder.path("passwords")
    _ = try run([mqttPath, "broker", "passwd", "-c", "-b", passwords, "ann", "secret"])
    let closed = try LiveBroker(["--quiet", "--passwords", passwords])
    for command in [["pub", "a", "b"], ["sub", "a"]] {
      #expect(try run([mqttPath] + command + ["-p", "\(closed.port)"]).status == 135)
    }
  }

  @Test(arguments: ["pub", "sub"], 1...5)
  func `a connection of 3.1.1 that is refused ends with its return code`(
    command: String, code: Int
  ) throws {
    let listener = try TCPListener()
    let message = command == "pub" ? ["a", "b"] : ["a"]
    let program = try RunningProgram(
      [mqttPath, command, "-p", "\(listener.port)", "-V", "311"] + message)
    let peer = try listener.accept()
    guard case .bytes = peer.receive(within: 20) else { throw ProgramError("no CONNECT") }
    peer.send([0x20, 2, 0, UInt8(code)])
    #expect(try program.exitStatus() == Int32(code))
  }

  @Test func `the statuses that the README names are those of the manual`() throws {
    let readme = try String(contentsOfFile: checkoutFolder + "/README.md", encoding: .utf8)
    let text = readme.replacing(/\s+/, with: " ")
    #expect(
      text.contains(
        "0 done, 1 failed, 2 used wrongly, 7 lost with one connection after the other, "
          + "8 connections cut with messages on the way that may be lost (it says how many), "
          + "27 timed out (`-W`), from 128 up the broker's reason code."))
    #expect(text.contains("(0 kept, 3 broken, 4 a `--fail-if` holds, 1 failed)"))
    #expect(text.contains("The exit status is 0 for allowed, 1 for denied, 2 for a file"))
    #expect(text.contains("# refused: exit status 135"))
  }
}
