// Whatever stands on a command line, the answer is options or an error: never a crash.

import Basis
import Commands
import MQTTCodec
import Testing

@Suite struct RobustnessTests {
  private func word(_ numbers: inout RandomNumbers, _ command: Command) -> [UInt8] {
    let options = command.options
    let option = options[Int.random(in: 0..<options.count, using: &numbers)]
    switch Int.random(in: 0..<7, using: &numbers) {
    case 0: return Array("--\(option.long)".utf8)
    case 1: return Array("--\(option.long)=\(option.example)".utf8)
    case 2: return Array("-\(option.letter ?? "-")\(option.example)".utf8)
    case 3: return Array(option.example.utf8)
    case 4: return []
    case 5:
      return Array(
        "publish user-property a".split(separator: " ").randomElement(using: &numbers)?.utf8
          ?? "".utf8[...])
    default:
      return (0..<Int.random(in: 0..<6, using: &numbers)).map { _ in
        UInt8.random(in: 1...255, using: &numbers)
      }
    }
  }

  @Test(arguments: Command.allCases) func `random words are understood or refused`(
    command: Command
  ) {
    var numbers = RandomNumbers(seed: 7)
    var refusedCount = 0
    for _ in 0..<1000 {
      let words = (0..<Int.random(in: 0..<8, using: &numbers)).map { _ in word(&numbers, command) }
      do {
        try command.parse(words)
      } catch {
        refusedCount += 1
        let lines = "\(error)".split(
          omittingEmptySubsequences: false, whereSeparator: \.isNewline)
        // An excerpt is a line and a caret below it.
        let hasExcerpt = !error.excerpt.isEmpty
        #expect(lines.count == (hasExcerpt ? 3 : 1))
      }
    }
    #expect(refusedCount > 300)
  }

  @Test func `random formats are understood or refused, and print`() {
    var numbers = RandomNumbers(seed: 11)
    let characters = Array("%@\\-0123456789. :_ACDEFIjJlmPpqRrStUxXfdN\u{E9}Ytz%%%@\\")
    let message = Publish(topic: "a/b", payload: [0x7B, 0x22, 0xFF, 0x00])
    var printedCount = 0
    for _ in 0..<5_000 {
      let count = Int.random(in: 0..<8, using: &numbers)
      let text = String(
        (0..<count).map { _ in characters[Int.random(in: 0..<characters.count, using: &numbers)] })
      let format = try? OutputFormat(text, isVerbose: false, isPretty: true, endsLines: true)
      guard let format else { continue }
      var buffer = ByteBuffer()
      _ = format.append(
        message, receivedAt: WallTime(seconds: 1, nanoseconds: 2), to: &buffer)
      if buffer.count > 1 { printedCount += 1 }
    }
    #expect(printedCount > 300)
  }

  @Test func `random URLs are understood or refused`() {
    var numbers = RandomNumbers(seed: 13)
    let characters = Array("mqtts:///@:[]%2fF0aé#+?")
    for _ in 0..<5_000 {
      let count = Int.random(in: 0..<12, using: &numbers)
      let text = String(
        (0..<count).map { _ in characters[Int.random(in: 0..<characters.count, using: &numbers)] })
      guard let url = try? BrokerURL("mqtt://" + text) else { continue }
      #expect(!url.host.isEmpty)
    }
  }
}
