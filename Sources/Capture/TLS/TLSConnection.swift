// One TLS connection, looked at from outside: what its handshake says in clear, and, with the
// secrets of a key log, the bytes that it carries.
//
//   records -- in clear --> handshake messages, alerts
//           -- encrypted --> (keys) --> handshake messages, alerts, content
//
// Keys change where the standard says: in TLS 1.2 at ChangeCipherSpec, in TLS 1.3 after ServerHello,
// after each side's Finished and at KeyUpdate. Where bytes are missing from the capture, the next
// record is the first place from which whole records follow and one of the next numbers opens the
// first of them: what was opened is authentic.

import MQTTCodec

/// What comes out of a connection.
enum TLSOutput {
  case event(TLSEvent)
  case content(Direction, [UInt8])
  /// Content is missing in front of what follows.
  case missing(Direction, count: Int)
}

/// The state of both directions.
final class TLSConnection {
  /// Longest handshake message that is gathered.
  static let messageLimit = 256 << 10
  /// Bytes of one direction that wait for the other one's hello.
  private static let waitingLimit = 256 << 10
  /// Bytes of early data that are passed over.
  private static let earlyLimit = 16 << 20
  /// Records between two numbers that are tried after a gap.
  private static let gapLimit = 4096
  /// Attempts of that kind for one connection.
  private static let attemptLimit = 1 << 18

  struct Side {
    /// Bytes of the record that is not complete.
    var partial: [UInt8] = []
    /// Handshake messages that are not complete.
    var messages: [UInt8] = []
    var keys: TLSRecordKeys?
    /// TLS 1.2: what ChangeCipherSpec switches to.
    var pendingKeys: TLSRecordKeys?
    var isEncrypted = false
    /// Whether the next record has to be found.
    var isLost = false
    var lostBytes = 0
    /// Whether a record of it was opened.
    var hasOpened = false
    /// Whether nothing more is read of this side.
    var isEnded = false
  }

  var facts = TLSFacts()
  let services: (any CaptureServices)?
  let shared: SharedKeyLog
  var client = Side()
  var server = Side()
  var clientRandom: [UInt8]?
  var hello: TLSServerHello?
  var schedule: TLSKeySchedule?
  var secrets: TLSKeyLog.Secrets?
  var attempts = 0
  var offersEarlyData = false
  /// Bytes of early data.
  var earlyCount = 0

  init(services: (any CaptureServices)?, keyLog: SharedKeyLog) {
    self.services = services
    shared = keyLog
  }

  /// Bytes that are kept in the hope of more.
  var keptBytes: Int {
    client.partial.count + server.partial.count + client.messages.count + server.messages.count
  }

  /// Gives up, where what is kept takes too much.
  func release() {
    if keptBytes == 0 { return }
    var unheard: [TLSOutput] = []
    hide("what it keeps back takes too much memory", &unheard)
  }

  subscript(direction: Direction) -> Side {
    get { direction == .toServer ? client : server }
    _modify {
      if direction == .toServer { yield &client } else { yield &server }
    }
  }

  // MARK: Bytes

  /// Takes the next bytes of a direction.
  func receive(_ bytes: Span<UInt8>, _ direction: Direction, _ output: inout [TLSOutput]) {
    if self[direction].isEnded { return }
    for index in bytes.indices { self[direction].partial.append(bytes[index]) }
    drain(direction, &output)
  }

  /// Bytes of a direction are not in the capture.
  func miss(_ count: Int, _ direction: Direction, _ output: inout [TLSOutput]) {
    if self[direction].isEnded { return }
    if self[direction].keys == nil || !self[direction].isEncrypted {
      return hide("bytes of its handshake are missing from the capture", &output)
    }
    self[direction].partial = []
    self[direction].messages = []
    self[direction].isLost = true
    self[direction].lostBytes += count
  }

  func drain(_ direction: Direction, _ output: inout [TLSOutput]) {
    var position = 0
    while !self[direction].isEnded {
      if self[direction].isLost {
        position = find(direction, from: position, &output)
        if self[direction].isLost { break }
      }
      let bytes = self[direction].partial
      guard bytes.count - position >= TLSRecord.headerLength else { break }
      guard let length = Self.recordLength(bytes, at: position) else {
        return hide("its bytes are no records of TLS", &output)
      }
      let start = position + TLSRecord.headerLength
      if bytes.count - start < length { break }
      let record = TLSRecord(
        header: Array(bytes[position..<start]), body: Array(bytes[start..<start + length]))
      if mustWait(record, direction) {
        if bytes.count > Self.waitingLimit { hide("it has no answer of the server", &output) }
        break
      }
      position = start + length
      take(record, direction, &output)
    }
    self[direction].partial.removeFirst(min(position, self[direction].partial.count))
  }

  /// The length of the record at `position`; nil when there is none.
  private static func recordLength(_ bytes: [UInt8], at position: Int) -> Int? {
    let type = bytes[position]
    let length = Int(bytes[position + 3]) << 8 | Int(bytes[position + 4])
    if !(20...24).contains(type) || bytes[position + 1] != 3 || bytes[position + 2] > 4
      || length > TLSRecord.lengthLimit
    {
      return nil
    }
    return length
  }

  /// A client's encrypted records wait when the capture has them before the server's hello.
  private func mustWait(_ record: TLSRecord, _ direction: Direction) -> Bool {
    direction == .toServer && record.type == TLSRecord.content && clientRandom != nil
      && hello == nil
  }

  // MARK: Records

  private func take(_ record: TLSRecord, _ direction: Direction, _ output: inout [TLSOutput]) {
    if record.type == TLSRecord.changeCipherSpec {
      if hello.map({ $0.version < 0x0304 }) == true {
        self[direction].isEncrypted = true
        self[direction].keys = self[direction].pendingKeys
      }
      return
    }
    let isPlainAlert = record.type == TLSRecord.alert && record.body.count == 2
    if !self[direction].isEncrypted || isPlainAlert {
      return takePlain(record.type, record.body, direction, &output)
    }
    guard let services, self[direction].keys != nil else {
      // The other side may still have something to say in clear: an alert.
      self[direction] = Side(isEnded: true)
      return tell(missingKeys, &output)
    }
    guard let (type, content) = self[direction].keys?.open(record, services) else {
      if mayBeEarly(record, direction) { return passOver(record, &output) }
      return hide("the secrets in the key log do not open its records", &output)
    }
    self[direction].hasOpened = true
    takePlain(type, content, direction, &output)
  }

  /// Whether a record that does not open may be one of early data (RFC 8446, 2.3), which stands in
  /// front of the rest of the client's handshake.
  private func mayBeEarly(_ record: TLSRecord, _ direction: Direction) -> Bool {
    direction == .toServer && offersEarlyData && !client.hasOpened
      && record.type == TLSRecord.content && earlyCount < Self.earlyLimit
  }

  private func passOver(_ record: TLSRecord, _ output: inout [TLSOutput]) {
    if earlyCount == 0 { output.append(.event(.earlyData)) }
    earlyCount += record.body.count
    output.append(.missing(.toServer, count: record.body.count))
  }

  private func takePlain(
    _ type: UInt8, _ content: [UInt8], _ direction: Direction, _ output: inout [TLSOutput]
  ) {
    switch type {
    case TLSRecord.alert:
      if content.count == 2 {
        let name = services?.alertName(Int(content[1])) ?? "alert \(content[1])"
        output.append(.event(.alert(direction, isFatal: content[0] == 2, name: name)))
      }
    case TLSRecord.handshake:
      self[direction].messages += content
      takeMessages(direction, &output)
    case TLSRecord.content:
      if !self[direction].isEncrypted {
        return hide("its handshake is not in the capture", &output)
      }
      if !facts.isDecrypted {
        facts.isDecrypted = true
        output.append(.event(.decrypted))
      }
      if !content.isEmpty { output.append(.content(direction, content)) }
    default: return  // Heartbeats, and types that are not known.
    }
  }

  var missingKeys: String {
    if services == nil { return "decryption is not available" }
    if let hello {
      if hello.version < 0x0303 {
        let version = TLSServerHello.name(version: hello.version)
        return "\(version) cannot be decrypted, only TLS 1.2 and 1.3 can"
      }
      if TLSCipherSuite.of(hello.suite) == nil {
        return "\(TLSCipherSuite.name(hello.suite)) cannot be decrypted"
      }
      return "there are no secrets of it; a key log file brings them (--keylog)"
    }
    return "its handshake is not in the capture"
  }

  /// Nothing more is read.
  func hide(_ reason: String, _ output: inout [TLSOutput]) {
    client = Side(isEnded: true)
    server = Side(isEnded: true)
    tell(reason, &output)
  }

  /// Tells, once, why content stays hidden.
  func tell(_ reason: String, _ output: inout [TLSOutput]) {
    if facts.obstacle != nil { return }
    facts.obstacle = reason
    output.append(.event(.hidden(reason)))
  }

  // MARK: After a gap

  /// Where the next record begins that can be opened, which ends being lost; else from where on more
  /// bytes are needed to tell.
  private func find(
    _ direction: Direction, from start: Int, _ output: inout [TLSOutput]
  ) -> Int {
    let bytes = self[direction].partial
    guard let services, var keys = self[direction].keys else { return bytes.count }
    let first = keys.sequence
    var place = start
    while bytes.count - place >= TLSRecord.headerLength {
      guard bytes[place] == TLSRecord.content, let length = Self.recordLength(bytes, at: place),
        length > keys.cipher.tagLength
      else {
        place += 1
        continue
      }
      let body = place + TLSRecord.headerLength
      // What may be a record and is not all there has to be waited for.
      if bytes.count - body < length { break }
      let record = TLSRecord(
        header: Array(bytes[place..<body]), body: Array(bytes[body..<body + length]))
      let tries = min(Self.gapLimit, self[direction].lostBytes / TLSRecord.headerLength + 1)
      for step in 0...tries {
        attempts += 1
        if attempts > Self.attemptLimit {
          hide("bytes are missing and no record was found behind them", &output)
          return place
        }
        keys.sequence = first &+ UInt64(step)
        if keys.open(record, services) != nil {
          self[direction].keys?.sequence = first &+ UInt64(step)
          output.append(.missing(direction, count: self[direction].lostBytes + place - start))
          self[direction].isLost = false
          self[direction].lostBytes = 0
          return place
        }
      }
      place += 1
    }
    self[direction].lostBytes += place - start
    return place
  }
}
