// Results that nobody can read: whatever a command was asked for, and in whatever form, its exit
// status is 1 when the standard output does not take it.

import Foundation
import LiveSupport
import Testing

@Suite struct LostOutputTests {
  private static let capture = checkoutFolder + "/Tests/Captures/mqtt_packets.pcapng"

  /// Command lines that would end with 0 or a verdict; FOLDER has their files, PORT a broker.
  static let lines = [
    "--help", "--version", "help", "help pub", "generate --help", "generate --install FOLDER/share",
    "pub --help", "sub --version", "broker --help", "broker passwd --help",
    "broker -c FOLDER/conf --test-config",
    "acl-check --acl FOLDER/acl --user a publish x",
    "acl-check --acl FOLDER/acl --user b publish x",
    "acl-check --acl FOLDER/acl --user a --json publish x",
    "acl-check --acl FOLDER/acl --user a --explain publish x",
    "acl-check --acl FOLDER/acl --user a receive x",
    "acl-check --acl FOLDER/acl --user a subscribe x/#",
    "acl-check --acl FOLDER/acl --user a --json subscribe x/#",
    "acl-check --acl FOLDER/acl ask FOLDER/questions",
    "acl-check --acl FOLDER/acl --json ask FOLDER/questions",
    "acl-check --acl FOLDER/acl test FOLDER/cases",
    "acl-check --acl FOLDER/acl test FOLDER/cases --coverage",
    "acl-check --acl FOLDER/acl list", "acl-check --acl FOLDER/acl --json list",
    "acl-check --acl FOLDER/acl who publish x", "acl-check diff FOLDER/acl /dev/null",
    "acl-check --acl FOLDER/doubtful lint", "acl-check --acl FOLDER/acl replay --capture CAPTURE",
    "acl-check suggest --capture CAPTURE",
    "inspect-pcap CAPTURE", "inspect-pcap CAPTURE --json", "inspect-pcap CAPTURE --stats",
    "inspect-pcap CAPTURE --stats --json", "inspect-pcap CAPTURE --check",
    "inspect-pcap CAPTURE --check --json", "inspect-pcap CAPTURE --ladder",
    "inspect-pcap CAPTURE --html -", "inspect-pcap CAPTURE --html /dev/full",
    "inspect-pcap CAPTURE -T fields -e mqtt.topic",
    "inspect-pcap CAPTURE --follow paho/DDE4DDAF4108D3E363",
    "bench pairs:1 -p PORT -d 0.1 --quiet", "bench pairs:1 -p PORT -d 0.1 --quiet --json -",
    "bench pairs:1 -p PORT -d 0.1 --quiet --json /dev/full",
    "bench pairs:1 -p PORT -d 0.1 --quiet --csv /dev/full",
    "bench pairs:1 -p PORT -d 0.1 --quiet --html /dev/full", "bench probe -p PORT",
    "bench compare FOLDER/report FOLDER/report",
    "sub -p PORT kept -C 1", "sub -p PORT kept -C 1 -v", "sub -p PORT kept -C 1 -F %j",
    "sub -p PORT kept -C 1 --json", "sub -p PORT kept -C 1 --top",
    "sub -p PORT kept -C 1 --record -", "sub -p PORT kept -C 1 --record /dev/full",
  ]

  private static func words(_ line: String, _ folder: TestFolder, _ port: UInt16) -> [String] {
    line.split(separator: " ").map {
      String($0).replacing("FOLDER", with: folder.path).replacing("PORT", with: "\(port)")
        .replacing("CAPTURE", with: capture)
    }
  }

  @Test func `every command ends with 1 when its results cannot be written`() throws {
    let folder = TestFolder()
    let broker = try LiveBroker(["--quiet"])
    let place = ["-p", "\(broker.port)"]
    try folder.write("user a\ntopic readwrite #\n", to: "acl")
    try folder.write("user a\ntopic read x/#\ntopic read x/y\n", to: "doubtful")
    try folder.write("a publish x\n", to: "questions")
    try folder.write("a publish x allow\n", to: "cases")
    try folder.write("listener 18830 127.0.0.1\nallow_anonymous true\n", to: "conf")
    #expect(try run([mqttPath, "pub"] + place + ["kept", "it", "-r", "-q", "1"]).status == 0)
    let report = folder.path("report")
    #expect(
      try run(
        [mqttPath, "bench", "pairs:1", "-d", "0.1", "--quiet", "--json", report] + place
      ).status == 0)
    for line in Self.lines {
      let words = Self.words(line, folder, broker.port)
      let result = try run(["sh", "-c", "exec \"$@\" > /dev/full", "sh", mqttPath] + words)
      #expect(result.status == 1, "\(line)")
      #expect(result.errors.contains("No space left on device"), "\(line): \(result.errors)")
    }
  }

  @Test func `a standard output that is closed does not take results either`() throws {
    for words in [["--version"], ["acl-check", "suggest", "--capture", Self.capture]] {
      let result = try run(["sh", "-c", "exec \"$@\" >&-", "sh", mqttPath] + words)
      #expect(result.status == 1)
      #expect(result.errors == "mqtt: write standard output: Bad file descriptor\n")
    }
  }

  @Test func `what is said besides results does not change the status`() throws {
    let result = try run(["sh", "-c", "exec \"$@\" 2> /dev/full", "sh", mqttPath, "--version"])
    #expect(result.status == 0)
  }
}
