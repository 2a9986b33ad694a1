// mosquitto.db, in which mosquitto 2.0 keeps what lasts: versions 5 and 6 of its format, as its
// persist.h describes them. After the head comes one chunk after the other, each with its kind and
// its length, so that one that makes no sense can be passed over. Lengths and most numbers have
// their highest byte first; the numbers of messages and the times are as the machine has them,
// which is the lowest byte first on all that Debian runs it on.
//
// mosquitto 2.0.11 writes the length of an earlier user name into the chunk of a client without
// one, and whatever stood behind it in memory. The length of the chunk tells: such a name is no name.

/// What stands in a mosquitto.db, in its own terms.
struct MosquittoFile {
  struct Message {
    /// Unix time; zero is never.
    var expires: Int64
    var qos: UInt8
    var isRetained: Bool
    /// The port of the listener that it came through; zero is not known.
    var port: UInt16
    var client: [UInt8]
    var user: [UInt8]
    var topic: [UInt8]
    var payload: [UInt8]
    /// As they are encoded in a PUBLISH, with their length in front; empty is none.
    var properties: [UInt8]
  }

  struct Client {
    var identifier: [UInt8]
    var user: [UInt8]
    /// Whether the file says who the user is, or that there is none; that began with version 6.
    var hasUser: Bool
    var port: UInt16
    /// Unix time; zero is not known, or never.
    var expires: Int64
    var expirySeconds: UInt32
  }

  struct Delivery {
    var client: [UInt8]
    var message: UInt64
    var identifier: UInt16
    var qos: UInt8
    /// How far it came: mosquitto's `mosq_ms_...`.
    var state: UInt8
    var isRetained: Bool
    /// To the client, or from it.
    var isOutgoing: Bool
    /// Zero is none.
    var subscriptionIdentifier: UInt32
  }

  struct Subscription {
    var client: [UInt8]
    var filter: [UInt8]
    /// The Subscription Options byte.
    var options: UInt8
    var identifier: UInt32
  }

  /// Why nothing of a file can be taken.
  struct Fault: Error { var reason: String }

  var messages: [UInt64: Message] = [:]
  var clients: [Client] = []
  var deliveries: [Delivery] = []
  var subscriptions: [Subscription] = []
  /// Messages that are retained.
  var retained: [UInt64] = []
  /// Where the file ends within a chunk, if it does.
  var torn: Int?
  /// Chunks that make no sense.
  var unreadable = 0

  private static let magic: [UInt8] = [0, 0xB5, 0] + Array("mosquitto db".utf8)
  private static let headBytes = 23
  private static let chunkHeadBytes = 8

  /// Reads the bytes of a file.
  init(_ bytes: [UInt8]) throws(Fault) {
    guard bytes.count >= Self.headBytes, Array(bytes[..<15]) == Self.magic else {
      throw Fault(reason: "it does not begin as a file of mosquitto's persistence does")
    }
    var head = Cursor(bytes[19..<Self.headBytes])
    let version = UInt32(head.number(4))
    guard version == 5 || version == 6 else {
      throw Fault(
        reason:
          "its version is \(version), and versions 5 and 6 can be read; mosquitto 2.0 writes 6 "
          + "when it stops")
    }
    var offset = Self.headBytes
    while offset < bytes.count {
      guard bytes.count - offset >= Self.chunkHeadBytes else {
        torn = offset
        return
      }
      var head = Cursor(bytes[offset..<offset + Self.chunkHeadBytes])
      let kind = head.number(4)
      let length = Int(head.number(4))
      let start = offset + Self.chunkHeadBytes
      guard length <= bytes.count - start else {
        torn = offset
        return
      }
      var chunk = Cursor(bytes[start..<start + length])
      try read(kind, &chunk, version)
      offset = start + length
    }
  }

  private mutating func read(_ kind: UInt64, _ chunk: inout Cursor, _ version: UInt32) throws(Fault)
  {
    switch kind {
    case 1:
      _ = chunk.native(8)
      _ = chunk.number(1)
      let numberBytes = chunk.number(1)
      if numberBytes != 8 {
        throw Fault(reason: "its numbers have \(numberBytes) bytes, and those of 8 can be read")
      }
    case 2: readMessage(&chunk)
    case 3: readDelivery(&chunk)
    case 4:
      let number = chunk.native(8)
      if chunk.hasEnded { unreadable += 1 } else { retained.append(number) }
    case 5: readSubscription(&chunk)
    case 6: readClient(&chunk, version)
    case _: unreadable += 1
    }
  }

  private mutating func readMessage(_ chunk: inout Cursor) {
    let number = chunk.native(8)
    let expires = Int64(bitPattern: chunk.native(8))
    let payloadLength = Int(chunk.number(4))
    _ = chunk.number(2)
    let clientLength = Int(chunk.number(2))
    let userLength = Int(chunk.number(2))
    let topicLength = Int(chunk.number(2))
    let port = UInt16(chunk.number(2))
    let qos = UInt8(chunk.number(1))
    let isRetained = chunk.number(1) != 0
    let message = Message(
      expires: expires, qos: qos, isRetained: isRetained, port: port,
      client: chunk.bytes(clientLength), user: chunk.bytes(userLength),
      topic: chunk.bytes(topicLength), payload: chunk.bytes(payloadLength),
      properties: chunk.rest)
    if chunk.hasEnded || qos > 2 { unreadable += 1 } else { messages[number] = message }
  }

  private mutating func readDelivery(_ chunk: inout Cursor) {
    let message = chunk.native(8)
    let identifier = UInt16(chunk.number(2))
    let clientLength = Int(chunk.number(2))
    let qos = UInt8(chunk.number(1))
    let state = UInt8(chunk.number(1))
    let isRetained = chunk.number(1) >> 4 != 0
    let isOutgoing = chunk.number(1) == 1
    let client = chunk.bytes(clientLength)
    var delivery = Delivery(
      client: client, message: message, identifier: identifier, qos: qos, state: state,
      isRetained: isRetained, isOutgoing: isOutgoing, subscriptionIdentifier: 0)
    // The length of the properties, which fits into a byte, and Subscription Identifier (0x0B).
    if !chunk.rest.isEmpty, chunk.number(1) > 0, chunk.number(1) == 0x0B {
      delivery.subscriptionIdentifier = UInt32(chunk.variableByteInteger())
    }
    if chunk.hasEnded || qos > 2 { unreadable += 1 } else { deliveries.append(delivery) }
  }

  private mutating func readSubscription(_ chunk: inout Cursor) {
    let identifier = UInt32(chunk.number(4))
    let clientLength = Int(chunk.number(2))
    let filterLength = Int(chunk.number(2))
    let qos = UInt8(chunk.number(1))
    let options = UInt8(chunk.number(1))
    _ = chunk.number(2)
    let subscription = Subscription(
      client: chunk.bytes(clientLength), filter: chunk.bytes(filterLength),
      options: options & 0x0C | qos & 3, identifier: identifier)
    if chunk.hasEnded { unreadable += 1 } else { subscriptions.append(subscription) }
  }

  private mutating func readClient(_ chunk: inout Cursor, _ version: UInt32) {
    let expires = Int64(bitPattern: chunk.native(8))
    let expirySeconds = UInt32(chunk.number(4))
    _ = chunk.number(2)
    let identifierLength = Int(chunk.number(2))
    var port: UInt16 = 0
    var userLength = 0
    if version == 6 {
      port = UInt16(chunk.number(2))
      userLength = Int(chunk.number(2))
      _ = chunk.number(4)
    }
    let identifier = chunk.bytes(identifierLength)
    let user = chunk.rest.count == userLength ? chunk.rest : []
    if chunk.hasEnded || identifier.isEmpty {
      unreadable += 1
    } else {
      clients.append(
        Client(
          identifier: identifier, user: user, hasUser: version == 6, port: port, expires: expires,
          expirySeconds: expirySeconds))
    }
  }
}

/// Reads one chunk; behind its end everything is zero.
private struct Cursor {
  private var left: ArraySlice<UInt8>
  /// Whether more was wanted than there is.
  private(set) var hasEnded = false

  init(_ bytes: ArraySlice<UInt8>) { left = bytes }

  /// What has not been read.
  var rest: [UInt8] { Array(left) }

  mutating func bytes(_ count: Int) -> [UInt8] {
    if count > left.count {
      hasEnded = true
      left = []
      return []
    }
    defer { left = left.dropFirst(count) }
    return Array(left.prefix(count))
  }

  /// The highest byte first.
  mutating func number(_ count: Int) -> UInt64 {
    bytes(count).reduce(0) { $0 << 8 | UInt64($1) }
  }

  /// The lowest byte first.
  mutating func native(_ count: Int) -> UInt64 {
    bytes(count).reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }

  mutating func variableByteInteger() -> UInt64 {
    var value: UInt64 = 0
    for place in 0..<4 {
      let byte = number(1)
      value |= (byte & 0x7F) << (7 * place)
      if byte & 0x80 == 0 { break }
    }
    return value
  }
}
