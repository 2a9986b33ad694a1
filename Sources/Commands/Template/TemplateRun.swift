// Making messages from a template: for each client a counter and the values that walk, and for all a
// generator of chance that begins where its seed says.

private import Glibc
package import Basis

/// What a message knows about itself before it is made.
package struct TemplateFacts: Sendable {
  /// Nanoseconds since 1970-01-01 00:00 UTC.
  package var time: Int64
  /// From 1.
  package var client: Int
  package var clientIdentifier: String
  package var topic: String
  /// The values of the columns of a table, by their names.
  package var columns: [String: String]

  /// The facts of a message.
  package init(
    time: Int64, client: Int = 1, clientIdentifier: String = "", topic: String = "",
    columns: [String: String] = [:]
  ) {
    self.time = time
    self.client = client
    self.clientIdentifier = clientIdentifier
    self.topic = topic
    self.columns = columns
  }
}

/// A template in use by one client.
package struct TemplateRun: Sendable {
  private let pieces: [Template.Piece]
  private var generator: RandomNumbers
  /// Messages made.
  private var count: Int64 = 0
  /// The values that walk, by the index of their piece.
  private var walks: [Int: Int64] = [:]

  /// A template whose messages depend on nothing but `seed` and the facts of each.
  package init(_ template: Template, seed: UInt64) {
    pieces = template.pieces
    generator = RandomNumbers(seed: seed)
  }

  /// Appends the next message.
  package mutating func append(to buffer: inout ByteBuffer, _ facts: TemplateFacts) {
    for (index, piece) in pieces.enumerated() {
      switch piece {
      case .literal(let bytes): buffer.append(bytes.span)
      case .place(let function): append(function, index, to: &buffer, facts)
      }
    }
    count += 1
  }

  private mutating func append(
    _ function: TemplateFunction, _ index: Int, to buffer: inout ByteBuffer,
    _ facts: TemplateFacts
  ) {
    switch function {
    case .sequence(let start, let step):
      buffer.append(utf8: "\(start &+ count &* step)")
    case .now(let clock):
      buffer.append(utf8: Self.text(facts.time, clock))
    case .random(let low, let high, let decimals):
      buffer.append(utf8: Self.decimal(.random(in: low...high, using: &generator), decimals))
    case .normal(let mean, let deviation, let decimals):
      buffer.append(utf8: Self.decimal(mean + deviation * normal(), decimals))
    case .walk(let low, let high, let step, let decimals):
      buffer.append(utf8: Self.decimal(walk(index, low...high, step), decimals))
    case .sine(let low, let high, let period, let decimals):
      let phase = Double(facts.time) / 1e9 / period
      let wave = (sin((phase - phase.rounded(.down)) * 2 * .pi) + 1) / 2
      buffer.append(utf8: Self.decimal(low + (high - low) * wave, decimals))
    case .choice(let words):
      buffer.append(utf8: words[Int.random(in: words.indices, using: &generator)])
    case .uuid: buffer.append(utf8: uuid())
    case .hexadecimal(let count):
      for _ in 0..<count { HexadecimalDigits.lower.append(randomByte(), to: &buffer) }
    case .letters(let count):
      let letters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz".utf8.span
      for _ in 0..<count {
        buffer.append(letters[Int.random(in: 0..<letters.count, using: &generator)])
      }
    case .bytes(let count): for _ in 0..<count { buffer.append(randomByte()) }
    case .client: buffer.append(utf8: "\(facts.client)")
    case .clientIdentifier: buffer.append(utf8: facts.clientIdentifier)
    case .topic: buffer.append(utf8: facts.topic)
    case .column(let name): buffer.append(utf8: facts.columns[name] ?? "")
    case .text(let text): buffer.append(utf8: text)
    }
  }

  private mutating func randomByte() -> UInt8 { .random(in: .min ... .max, using: &generator) }

  /// A number of the standard normal distribution, by the method of Box and Muller.
  private mutating func normal() -> Double {
    let radius = Double.random(in: 0..<1, using: &generator)
    let angle = Double.random(in: 0..<1, using: &generator)
    return (-2 * log(1 - radius)).squareRoot() * cos(2 * .pi * angle)
  }

  private mutating func walk(_ index: Int, _ range: ClosedRange<Int64>, _ step: Int64) -> Int64 {
    let middle = range.lowerBound + (range.upperBound - range.lowerBound) / 2
    guard let last = walks[index] else {
      walks[index] = middle
      return middle
    }
    let move = Int64.random(in: -step...step, using: &generator)
    let next = min(range.upperBound, max(range.lowerBound, last + move))
    walks[index] = next
    return next
  }

  /// A random UUID (RFC 9562, 5.4).
  private mutating func uuid() -> String {
    var buffer = ByteBuffer()
    for index in 0..<16 {
      if index == 4 || index == 6 || index == 8 || index == 10 { buffer.append(UInt8(ascii: "-")) }
      var byte = randomByte()
      if index == 6 { byte = byte & 0x0F | 0x40 }
      if index == 8 { byte = byte & 0x3F | 0x80 }
      HexadecimalDigits.lower.append(byte, to: &buffer)
    }
    return String(decoding: buffer.bytes, as: UTF8.self)
  }

  private static func text(_ time: Int64, _ clock: TemplateClock) -> String {
    switch clock {
    case .iso: TimeText.text(time, decimals: 3)
    case .s: "\(time / 1_000_000_000)"
    case .ms: "\(time / 1_000_000)"
    case .us: "\(time / 1000)"
    case .ns: "\(time)"
    }
  }

  private static func decimal(_ number: Double, _ decimals: Int) -> String {
    var unit = 1.0
    for _ in 0..<decimals { unit *= 10 }
    return decimal(Int64(max(-9e18, min(9e18, (number * unit).rounded()))), decimals)
  }

  /// `2150` with two decimals is `21.50`.
  private static func decimal(_ units: Int64, _ decimals: Int) -> String {
    if decimals == 0 { return "\(units)" }
    let digits = String(units.magnitude)
    let padded = String(repeating: "0", count: max(0, decimals + 1 - digits.utf8.count)) + digits
    return (units < 0 ? "-" : "") + padded.dropLast(decimals) + "." + padded.suffix(decimals)
  }
}
