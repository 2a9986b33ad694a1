// Templates of simulated devices: what each function makes, and what is said about a mistake.

import Basis
import Commands
import Testing

@Suite struct TemplateTests {
  /// The first messages of a template.
  private func messages(
    _ text: String, _ count: Int = 1, seed: UInt64 = 1,
    _ facts: TemplateFacts = TemplateFacts(time: 1_763_719_200_123_456_789)
  ) throws -> [String] {
    var run = TemplateRun(try Template(text), seed: seed)
    return (0..<count).map { _ in
      var buffer = ByteBuffer()
      run.append(to: &buffer, facts)
      return String(decoding: buffer.bytes, as: UTF8.self)
    }
  }

  @Test func `text without places is itself`() throws {
    for text in ["", "21.5", #"{"a":{"b":1}}"#, "grün } { }}"] {
      #expect(try messages(text) == [text])
    }
  }

  @Test func `seq counts from 1, or from START by STEP`() throws {
    #expect(try messages("{{seq}}", 3) == ["1", "2", "3"])
    #expect(try messages("{{ seq 10 -5 }}", 3) == ["10", "5", "0"])
    #expect(try messages(#"{"n":{{seq}}}"#) == [#"{"n":1}"#])
  }

  @Test(arguments: [
    ("now", "2025-11-21T10:00:00.123Z"), ("now iso", "2025-11-21T10:00:00.123Z"),
    ("now s", "1763719200"), ("now ms", "1763719200123"), ("now us", "1763719200123456"),
    ("now ns", "1763719200123456789"),
  ]) func `now is the time of the message`(_ place: String, _ text: String) throws {
    #expect(try messages("{{\(place)}}") == [text])
  }

  @Test func `random stays within its bounds, reaches both, and has its decimals`() throws {
    let numbers = try messages("{{random 20 30 2}}", 2000).map { text -> Double in
      let parts = text.split(separator: ".")
      #expect(parts.count == 2 && parts[1].count == 2, "\(text)")
      return try #require(Double(text))
    }
    #expect(numbers.allSatisfy { (20...30).contains($0) })
    #expect(Set(try messages("{{random -1 1}}", 200)) == ["-1", "0", "1"])
    #expect(Set(try messages("{{random -0.1 0.1 1}}", 200)) == ["-0.1", "0.0", "0.1"])
  }

  @Test func `normal has its mean and deviation`() throws {
    let numbers = try messages("{{normal 100 15 3}}", 4000).compactMap(Double.init)
    let mean = numbers.reduce(0, +) / Double(numbers.count)
    let variance =
      numbers.map { ($0 - mean) * ($0 - mean) }.reduce(0, +) / Double(numbers.count)
    #expect(abs(mean - 100) < 1.5)
    #expect(abs(variance.squareRoot() - 15) < 1.5)
  }

  @Test func `walk begins in the middle and moves by at most a step`() throws {
    let numbers = try messages("{{walk 0 10 0.5 1}}", 500).compactMap(Double.init)
    #expect(numbers.first == 5)
    #expect(numbers.count == 500 && numbers.allSatisfy { (0...10).contains($0) })
    #expect(zip(numbers, numbers.dropFirst()).allSatisfy { abs($0 - $1) < 0.51 })
    #expect(Set(numbers).count > 10)
  }

  @Test func `sine has its period and its bounds`() throws {
    let texts = try [0, 15, 30, 45, 60].map { second in
      try messages("{{sine 10 20 60 1}}", 1, TemplateFacts(time: Int64(second) * 1_000_000_000))[0]
    }
    #expect(texts == ["15.0", "20.0", "15.0", "10.0", "15.0"])
  }

  @Test func `choice takes each of its words, quoted ones with blanks`() throws {
    #expect(
      Set(try messages(#"{{choice on off "not known"}}"#, 100)) == ["on", "off", "not known"])
  }

  @Test func `random text has its length and its alphabet`() throws {
    let hexadecimal = try messages("{{hex 8}}")[0]
    #expect(hexadecimal.count == 16 && hexadecimal.allSatisfy { $0.isHexDigit })
    let letters = try messages("{{letters 40}}")[0]
    #expect(
      letters.count == 40 && letters.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber) })
    let uuid = try messages("{{uuid}}")[0]
    #expect(
      uuid.wholeMatch(of: /[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/)
        != nil)
    var run = TemplateRun(try Template("{{bytes 64}}"), seed: 1)
    var buffer = ByteBuffer()
    run.append(to: &buffer, TemplateFacts(time: 0))
    #expect(buffer.count == 64)
  }

  @Test func `client, client-id, topic and columns are those of the message`() throws {
    let facts = TemplateFacts(
      time: 0, client: 7, clientIdentifier: "plc-7", topic: "a/b", columns: ["t x": "21.50"])
    #expect(
      try messages(#"{{client}} {{client-id}} {{topic}} {{column "t x"}}"#, 1, seed: 1, facts)
        == ["7 plc-7 a/b 21.50"])
  }

  @Test func `a quoted text is itself, braces included`() throws {
    #expect(try messages(#"{{"{{"}} {{"a \" b"}}"#) == [#"{{ a " b"#])
  }

  @Test func `the same seed makes the same messages, and another one others`() throws {
    let text = "{{random 0 1000000}} {{uuid}} {{normal 0 1 6}} {{letters 9}}"
    #expect(try messages(text, 5, seed: 3) == messages(text, 5, seed: 3))
    #expect(try messages(text, 5, seed: 3) != messages(text, 5, seed: 4))
  }

  @Test func `every documented example is right`() throws {
    for row in TemplateFunctionRow.table {
      #expect(try messages("{{\(row.example)}}").count == 1, "\(row.name)")
    }
  }

  static let faults: [(String, Int, String)] = [
    ("{{rnadom 1 2}}", 2, "there is no function rnadom; the nearest one is random"),
    (#"{"t": {{random 1 2}"#, 6, "{{ has no }} after it"),
    ("{{}}", 2, "expected a function, as in {{now}}"),
    ("{{random 1}}", 10, "expected HIGH here"),
    ("{{random x 2}}", 9, "LOW: expected a number"),
    ("{{random 3 2}}", 11, "HIGH is less than LOW"),
    ("{{random 1 2 10}}", 13, "DECIMALS: expected a whole number from 0 to 9"),
    (
      "{{random 1 2 3 4}}", 15,
      "is one argument too many for {{random LOW HIGH [DECIMALS]}}"
    ),
    ("{{seq x}}", 6, "START: expected a whole number"),
    ("{{now sec}}", 6, "expected iso, s, ms, us or ns"),
    ("{{hex 0}}", 6, "COUNT: expected a whole number from 1 to 1000000"),
    ("{{walk 0 1 -1}}", 11, "STEP: expected a number of at least 0"),
    (#"{{choice "a}}"#, 9, "the quote has no end"),
    (#"{{"a" b}}"#, 6, "expected }} after a text"),
  ]

  @Test(arguments: faults) func `a mistake is told with its place`(
    _ text: String, _ offset: Int, _ explanation: String
  ) {
    #expect(throws: TemplateFault(text: text, offset: offset, explanation: explanation)) {
      try Template(text)
    }
  }

  @Test func `the command line shows a mistake with a caret`() {
    let error = #expect(throws: UsageError.self) {
      try publish("a --template {{seq}}_{{rnadom_1_2}}")
    }
    #expect(
      error?.description
        == "--template: there is no function rnadom; the nearest one is random\n"
        + "  {{seq}} {{rnadom 1 2}}\n            ^")
  }
}
