// A connection to Redis that waits for its answers: commands go out many at a time, and their answers
// come back in the same order. A failure of the connection closes it; whoever uses it connects again.

import CHiredis
import Glibc
import SQLite

/// Where a Redis server is and which of its databases is meant.
package struct RedisAddress: Equatable, Sendable {
  package var host = "localhost"
  package var port: UInt16 = 6379
  /// A Unix domain socket in place of host and port.
  package var path: String?
  package var userName: String?
  package var password: String?
  package var database = 0

  /// The server of this machine.
  package init() {}

  /// As messages name it, without the password.
  package var description: String {
    path
      ?? (host.utf8.contains(UInt8(ascii: ":"))
        ? "redis at [\(host)]:\(port)" : "redis at \(host):\(port)")
  }
}

/// An answer of Redis.
package enum RedisValue: Equatable, Sendable {
  case nothing
  case text([UInt8])
  case number(Int64)
  case list([RedisValue])
  case failure(String)

  /// The bytes of a text.
  var bytes: [UInt8]? { if case .text(let bytes) = self { bytes } else { nil } }

  var string: String? { bytes.map { String(decoding: $0, as: UTF8.self) } }
}

/// A connection that is made when it is wanted.
final class RedisConnection {
  /// Milliseconds to wait for the connection and for an answer.
  private static let limitMilliseconds: Int32 = 5000

  let address: RedisAddress
  private var context: UnsafeMutablePointer<redisContext>?
  private var expected = 0

  init(_ address: RedisAddress) { self.address = address }

  deinit { close() }

  var isOpen: Bool { context != nil }

  /// The socket; -1 when there is none.
  var descriptor: Int32 { context.map { CHiredis_descriptor($0) } ?? -1 }

  func close() {
    if let context { redisFree(context) }
    context = nil
    expected = 0
  }

  /// Connects, and says who we are and which database we mean.
  func open() throws(StoreError) {
    close()
    let made =
      if let path = address.path {
        CHiredis_connect_path(path, Self.limitMilliseconds)
      } else {
        CHiredis_connect(address.host, Int32(address.port), Self.limitMilliseconds)
      }
    guard let made else { throw failure("connect", "out of memory") }
    context = made
    if CHiredis_failed(made) != 0 { throw lost("connect") }
    if let password = address.password {
      _ = try ask((["AUTH", address.userName, password] as [String?]).compactMap { $0 })
    }
    if address.database != 0 { _ = try ask(["SELECT", "\(address.database)"]) }
  }

  /// One command and its answer; a refusal is thrown, and closes the connection.
  func ask(_ words: [String]) throws(StoreError) -> RedisValue {
    try ask(words.map { Array($0.utf8) })
  }

  /// The same with words that need not be texts.
  func ask(_ words: [[UInt8]]) throws(StoreError) -> RedisValue {
    append(words)
    let answer = try answers()[0]
    guard case .failure(let reason) = answer else { return answer }
    close()
    throw refusal(String(decoding: words[0], as: UTF8.self), reason)
  }

  /// What Redis refuses, by the first word of its reason: some of it may be taken a little later, as
  /// while it reads its file after a start or its memory is full.
  func refusal(_ operation: String, _ reason: String) -> StoreError {
    let kind: StoreError.Kind =
      switch reason.prefix(while: { $0 != " " }) {
      case "LOADING", "BUSY", "OOM", "MISCONF", "READONLY", "MASTERDOWN", "NOREPLICAS", "EXECABORT":
        .unreachable
      case "NOAUTH", "WRONGPASS", "NOPERM": .notPermitted
      case _: .other
      }
    return StoreError(kind, file: address.description, operation: operation, reason: reason)
  }

  /// Puts a command behind those that wait to be sent.
  func append(_ words: [[UInt8]]) {
    guard let context else { return }
    var offsets: [Int] = []
    var flat: [UInt8] = []
    for word in words {
      offsets.append(flat.count)
      flat += word
    }
    // Of an empty word no byte is read, but it needs an address.
    flat.append(0)
    let lengths = words.map(\.count)
    flat.withUnsafeBytes { bytes in
      let start = bytes.baseAddress?.assumingMemoryBound(to: CChar.self)
      var parts = offsets.map { offset in start.map { $0 + offset } }
      _ = redisAppendCommandArgv(context, Int32(words.count), &parts, lengths)
    }
    expected += 1
  }

  /// Sends what waits without waiting for answers.
  func flush() throws(StoreError) {
    guard let context, CHiredis_flush(context) == 0 else { throw lost("send") }
  }

  /// Sends what waits; the answers to all commands, in their order.
  func answers() throws(StoreError) -> [RedisValue] {
    // What was appended without a connection has no answer.
    if context == nil { throw lost("send") }
    var result: [RedisValue] = []
    while expected > 0 { result.append(try answer()) }
    return result
  }

  /// The next answer.
  func answer() throws(StoreError) -> RedisValue {
    guard let context else { throw lost("send") }
    var reply: UnsafeMutableRawPointer?
    guard redisGetReply(context, &reply) == REDIS_OK, let reply else { throw lost("answer") }
    expected -= 1
    defer { freeReplyObject(reply) }
    return Self.value(reply.assumingMemoryBound(to: redisReply.self))
  }

  private static func value(_ reply: UnsafeMutablePointer<redisReply>) -> RedisValue {
    let bytes = {
      Array(UnsafeRawBufferPointer(start: reply.pointee.str, count: reply.pointee.len))
    }
    switch reply.pointee.type {
    case REDIS_REPLY_STRING, REDIS_REPLY_STATUS: return .text(bytes())
    case REDIS_REPLY_INTEGER: return .number(reply.pointee.integer)
    case REDIS_REPLY_ERROR: return .failure(String(decoding: bytes(), as: UTF8.self))
    case REDIS_REPLY_ARRAY:
      return .list(
        (0..<reply.pointee.elements).compactMap { index in
          reply.pointee.element[index].map { value($0) }
        })
    case _: return .nothing
    }
  }

  /// The connection is of no more use.
  private func lost(_ operation: String) -> StoreError {
    let reason = context.map { String(cString: CHiredis_reason($0)) } ?? "there is no connection"
    close()
    return failure(operation, reason)
  }

  private func failure(_ operation: String, _ reason: String) -> StoreError {
    StoreError(
      .unreachable, file: address.description, operation: operation,
      reason: reason.isEmpty ? "the connection is lost" : reason)
  }
}
