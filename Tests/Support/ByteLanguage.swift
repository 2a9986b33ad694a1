// Bytes as tests write them: a small language in which a packet reads as it is laid out.
//
//   10 ff          bytes in hexadecimal
//   61*20          a byte so many times
//   w60 l7 v300    a number as two bytes, four bytes, a variable byte integer
//   "text"         the bytes of a text, without a length
//   s"text"        a text behind its length in two bytes
//   ( ... )        what stands between, behind its length in two bytes
//   { ... }        what stands between, behind its length as a variable byte integer
//
// The braces make the remaining length and the property length; a test that wants a wrong length
// writes it in hexadecimal.

/// What is wrong with a text in the language.
package struct ByteLanguageError: Error, CustomStringConvertible {
  package var description: String
}

/// The bytes that `text` means.
package func bytes(_ text: String) throws(ByteLanguageError) -> [UInt8] {
  var reader = ByteLanguageReader(rest: text[...])
  return try reader.group(until: nil)
}

/// A variable byte integer (1.5.5), written independently of the codec.
package func variableByteInteger(_ value: Int) -> [UInt8] {
  var bytes: [UInt8] = []
  var rest = value
  repeat {
    bytes.append(UInt8(rest % 128) + (rest >= 128 ? 128 : 0))
    rest /= 128
  } while rest > 0
  return bytes
}

private struct ByteLanguageReader {
  var rest: Substring

  mutating func group(until end: Character?) throws(ByteLanguageError) -> [UInt8] {
    var result: [UInt8] = []
    while let character = rest.first {
      rest.removeFirst()
      switch character {
      case " ", "\n":
        continue
      case "{":
        let inner = try group(until: "}")
        result += variableByteInteger(inner.count) + inner
      case "(":
        let inner = try group(until: ")")
        result += [UInt8(inner.count >> 8), UInt8(inner.count & 0xFF)] + inner
      case "}", ")":
        if character == end { return result }
        throw ByteLanguageError(description: "a \(character) too many")
      case "\"":
        result += try quoted()
      default:
        result += try word(character)
      }
    }
    if end == nil { return result }
    throw ByteLanguageError(description: "a closing bracket is missing")
  }

  private mutating func quoted() throws(ByteLanguageError) -> [UInt8] {
    guard let end = rest.firstIndex(of: "\"") else {
      throw ByteLanguageError(description: "a closing quote is missing")
    }
    defer { rest = rest[rest.index(after: end)...] }
    return Array(rest[..<end].utf8)
  }

  private mutating func word(_ first: Character) throws(ByteLanguageError) -> [UInt8] {
    if first == "s", rest.first == "\"" {
      rest.removeFirst()
      let text = try quoted()
      return [UInt8(text.count >> 8), UInt8(text.count & 0xFF)] + text
    }
    let word = String(first) + rest.prefix { !" \n{}()\"".contains($0) }
    rest = rest.dropFirst(word.count - 1)
    let number = Int(word.dropFirst()) ?? 0
    switch first {
    case "w": return [UInt8(number >> 8), UInt8(number & 0xFF)]
    case "l": return [24, 16, 8, 0].map { UInt8(number >> $0 & 0xFF) }
    case "v": return variableByteInteger(number)
    default:
      let parts = word.split(separator: "*")
      guard parts[0].count == 2, let byte = UInt8(parts[0], radix: 16) else {
        throw ByteLanguageError(description: "\(word) is not a byte")
      }
      return Array(repeating: byte, count: parts.count == 2 ? Int(parts[1]) ?? 0 : 1)
    }
  }
}
