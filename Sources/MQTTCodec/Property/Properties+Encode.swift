// Writing properties (2.2.2): the exact size first, then the bytes.

package import Basis

extension Property {
  /// Bytes of the identifier and the value.
  package var encodedSize: Int {
    switch value {
    case .byte: 2
    case .twoByteInteger: 3
    case .fourByteInteger: 5
    case .variableByteInteger(let number): 1 + VariableByteInteger.size(Int(number))
    case .string(let text): 3 + text.utf8.count
    case .binary(let data): 3 + data.count
    case .stringPair(let name, let text): 5 + name.utf8.count + text.utf8.count
    }
  }

  /// Appends the identifier and the value.
  package func encode(into buffer: inout ByteBuffer) {
    buffer.append(identifier.rawValue)
    switch value {
    case .byte(let number): buffer.append(number)
    case .twoByteInteger(let number): buffer.append(bigEndian: number)
    case .fourByteInteger(let number): buffer.append(bigEndian: number)
    case .variableByteInteger(let number): buffer.append(variableByteInteger: Int(number))
    case .string(let text): buffer.append(lengthPrefixed: text)
    case .binary(let data): buffer.append(lengthPrefixed: data)
    case .stringPair(let name, let text):
      buffer.append(lengthPrefixed: name)
      buffer.append(lengthPrefixed: text)
    }
  }
}

extension Properties {
  /// Bytes of all properties, without their length.
  package var encodedSize: Int {
    var size = 0
    for property in list { size += property.encodedSize }
    return size
  }

  /// Bytes of the property length and all properties.
  var encodedSizeWithLength: Int {
    let size = encodedSize
    return VariableByteInteger.size(size) + size
  }

  /// Appends the property length, zero when there is none, and all properties. [MQTT-2.2.2-1]
  func encode(into buffer: inout ByteBuffer) {
    buffer.append(variableByteInteger: encodedSize)
    encodeList(into: &buffer)
  }

  /// Appends all properties without their length.
  package func encodeList(into buffer: inout ByteBuffer) {
    for property in list { property.encode(into: &buffer) }
  }
}
