// Messages of every size by the built programs: what pub sends from each of its sources, over each
// transport, at each QoS, arrives byte for byte, and so does what sub prints in each of its forms.
// Sizes stand around those where lengths take another byte and where buffers end.

import Foundation
import LiveSupport
import Testing

@Suite struct MessageSizeTests {
  enum Way: String, CaseIterable, Sendable {
    case tcp, tls, webSocket, unix
  }

  enum Source: String, CaseIterable, Sendable {
    case argument, file, input, line, repeated
  }

  struct Case: CustomStringConvertible {
    var size: Int
    var qos: Int
    var version: String
    var source: Source
    var description: String { "\(size) bytes, QoS \(qos), \(version), \(source)" }
  }

  private static let sizes = [0, 1, 127, 128, 16_383, 16_384, 65_535, 65_536]

  /// Sizes with each source at QoS 0, which has no answer; and each size, QoS and version, with a
  /// source that changes.
  private static var cases: [Case] {
    var cases: [Case] = []
    for (place, size) in sizes.enumerated() {
      for source in Source.allCases where [0, 1, 16_383, 16_384, 65_536].contains(size) {
        cases.append(Case(size: size, qos: 0, version: "5", source: source))
      }
      for qos in 0...2 {
        let source = Source.allCases[(place + qos) % Source.allCases.count]
        cases.append(Case(size: size, qos: qos, version: "311", source: source))
        if qos > 0 { cases.append(Case(size: size, qos: qos, version: "5", source: source)) }
      }
    }
    for (qos, source) in [(0, Source.file), (0, .repeated), (1, .input), (2, .line)] {
      cases.append(Case(size: 1_000_000, qos: qos, version: "5", source: source))
    }
    cases.append(Case(size: 20_000_000, qos: 0, version: "311", source: .file))
    return cases
  }

  /// A broker with every kind of port.
  private final class Broker {
    let program: RunningProgram
    let folder = TestFolder()
    private let ports: [UInt16]

    init() throws {
      ports = try (0..<3).map { _ in try freePort() }
      program = try RunningProgram(
        [
          mqttPath, "broker", "--memory", "-p", "\(ports[0])", "--tls-port", "\(ports[1])", "--ws",
          "\(ports[2])", "--unix", folder.path("s"), "--max-packet-size", "30000000",
        ], environment: ["XDG_DATA_HOME": folder.path])
      for port in ports { try program.waitForPort(port) }
    }

    func words(_ way: Way) -> [String] {
      switch way {
      case .tcp: ["-h", "127.0.0.1", "-p", "\(ports[0])"]
      case .tls:
        ["-h", "localhost", "-p", "\(ports[1])", "--cafile", folder.path("mqtt/tls/ca.crt")]
      case .webSocket: ["-L", "ws://127.0.0.1:\(ports[2])/"]
      case .unix: ["--unix", folder.path("s")]
      }
    }

    /// Runs `pub`; gives how often the message was sent, or nil when it did not go well.
    func publish(_ one: Case, _ payload: [UInt8], _ way: Way) throws -> Int? {
      var words =
        [mqttPath, "pub"] + self.words(way) + ["-t", "t", "-q", "\(one.qos)", "-V", one.version]
      var input: [UInt8] = []
      var count = 1
      switch one.source {
      case .argument: words += ["-m", String(decoding: payload, as: UTF8.self)]
      case .file: words += ["-f", try folder.write(bytes: payload, to: "payload")]
      case .input:
        words += ["-s"]
        input = payload
      case .line:
        words += ["-l"]
        input = payload + [0x0A]
      case .repeated:
        count = 3
        words += ["-f", try folder.write(bytes: payload, to: "payload"), "--repeat", "\(count)"]
      }
      let program = try RunningProgram(words)
      program.write(bytes: input)
      program.closeInput()
      let status = try program.exitStatus(within: 60)
      #expect(status == 0 && program.errors == "", "\(way), \(one): \(status) \(program.errors)")
      return status == 0 ? count : nil
    }
  }

  /// Letters that do not repeat in step with any buffer, so that a part in a wrong place shows.
  private func payload(_ size: Int, seed: Int) -> [UInt8] {
    var state = UInt32(truncatingIfNeeded: size &* 31 &+ seed &+ 1)
    return (0..<size).map { _ in
      state = state &* 1_664_525 &+ 1_013_904_223
      return 0x61 + UInt8(state >> 24) % 26
    }
  }

  @Test(arguments: Way.allCases)
  func `what pub sends arrives whole, from every source and at every size`(_ way: Way) throws {
    let broker = try Broker()
    let subscriber = try RunningProgram(
      [mqttPath, "sub"] + broker.words(.tcp) + ["-t", "t", "-q", "2", "-N", "-d"])
    try subscriber.waitFor("SUBACK")
    var expected: [UInt8] = []
    for (number, one) in Self.cases.enumerated() {
      let payload = payload(one.size, seed: number)
      guard let count = try broker.publish(one, payload, way) else { continue }
      for _ in 0..<count { expected += payload }
      let isThere = poll(30) { subscriber.outputSize >= expected.count }
      #expect(isThere, "\(way), \(one): \(subscriber.outputSize) of \(expected.count) bytes")
      if !isThere { break }
    }
    #expect(subscriber.outputBytes == expected, "\(way)")
  }

  struct Form: Sendable {
    var words: [String]
    /// The payload in what was printed.
    var payload: @Sendable (String) throws -> String
  }

  static let forms: [Form] = [
    Form(words: ["-N"]) { $0 },
    Form(words: []) { String($0.dropLast()) },
    Form(words: ["-v"]) { String($0.dropFirst(2).dropLast()) },
    Form(words: ["-F", "%x"]) { text in
      let digits = Array(text.utf8.dropLast())
      let bytes = stride(from: 0, to: digits.count, by: 2).compactMap {
        UInt8(String(decoding: digits[$0..<$0 + 2], as: UTF8.self), radix: 16)
      }
      return String(decoding: bytes, as: UTF8.self)
    },
    Form(words: ["--json"], payload: payloadOfJSON),
    Form(words: ["--record", "-"], payload: payloadOfJSON),
  ]

  @Sendable private static func payloadOfJSON(_ text: String) throws -> String {
    let line = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any]
    return line?["payload"] as? String ?? "no payload in \(text.prefix(200))"
  }

  @Test(arguments: Way.allCases)
  func `what sub prints is whole, in every form and at every size`(_ way: Way) throws {
    let broker = try Broker()
    for (place, size) in (Self.sizes.dropFirst() + [1_000_000]).enumerated() {
      let payload = payload(size, seed: place)
      let kept = try run(
        [mqttPath, "pub"] + broker.words(.tcp) + ["-t", "t", "-r", "-q", "1", "-s"],
        input: String(decoding: payload, as: UTF8.self))
      #expect(kept.status == 0)
      // How the bytes come and how they are printed have nothing to do with each other.
      let forms = way == .tcp ? Self.forms : [Self.forms[place % Self.forms.count]]
      for (number, form) in forms.enumerated() {
        let words = [
          "-t", "t", "-C", "1", "-q", "\((place + number) % 3)", "-V",
          (place + number) % 2 == 0 ? "5" : "311",
        ]
        let got = try run([mqttPath, "sub"] + broker.words(way) + words + form.words, within: 60)
        let context = "\(way), \(size), \(form.words): \(got.errors)"
        #expect(got.status == 0, "\(context)")
        #expect(try Array(form.payload(got.output).utf8) == payload, "\(context)")
      }
    }
  }

  @Test func `what sub prints of 20 MB is whole`() throws {
    let broker = try Broker()
    let subscriber = try RunningProgram(
      [mqttPath, "sub"] + broker.words(.webSocket) + ["-t", "t", "-C", "1", "-q", "2", "-d", "-N"])
    try subscriber.waitFor("SUBACK")
    let payload = payload(20_000_000, seed: 0)
    let one = Case(size: payload.count, qos: 2, version: "5", source: .file)
    #expect(try broker.publish(one, payload, .tls) == 1)
    #expect(try subscriber.exitStatus(within: 60) == 0)
    #expect(subscriber.outputBytes == payload)
  }
}
