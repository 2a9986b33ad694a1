// The values of one frame, a column for each field that was asked for. The columns keep their memory
// from frame to frame: writing a value allocates nothing.

/// What gathers the values of fields.
package struct FieldColumns: Sendable {
  /// Which of several values of one field is shown.
  package enum Occurrence: Sendable {
    case all
    case first
    case last
  }

  private struct Column {
    var bytes: [UInt8] = []
    var count = 0
  }

  /// Field to column, -1 for what nobody asks for.
  private var places = [Int8](repeating: -1, count: CaptureField.allCases.count)
  private var columns: [Column] = []
  /// Which column is shown at each place of the line; a field may be asked for twice.
  private let shown: [Int]
  private let aggregator: [UInt8]
  private let occurrence: Occurrence
  /// Whether passwords are written, or that there is one.
  let showsSecrets: Bool
  /// Whether payloads are written.
  let showsPayload: Bool
  /// Whether anything about a packet is asked for that stands behind the fixed header.
  let wantsBody: Bool
  let wantsFrame: Bool

  /// Columns for `fields`, 126 different ones at most, in this order.
  package init(
    _ fields: [CaptureField], aggregator: String = ",", occurrence: Occurrence = .all,
    showsSecrets: Bool = false, showsPayload: Bool = true
  ) {
    var shown: [Int] = []
    for field in fields {
      if places[Int(field.rawValue)] < 0 {
        places[Int(field.rawValue)] = Int8(columns.count)
        columns.append(Column())
      }
      shown.append(Int(places[Int(field.rawValue)]))
    }
    self.shown = shown
    self.aggregator = Array(aggregator.utf8)
    self.occurrence = occurrence
    self.showsSecrets = showsSecrets
    self.showsPayload = showsPayload
    wantsBody = fields.contains { $0.rawValue > CaptureField.length.rawValue }
    wantsFrame = fields.contains { $0.isOfFrame }
  }

  /// Columns of a line.
  package var count: Int { shown.count }

  /// The bytes of one column of the line.
  package func value(at place: Int) -> [UInt8] { columns[shown[place]].bytes }

  /// Whether the column has a value, which may be empty.
  package func hasValue(at place: Int) -> Bool { columns[shown[place]].count > 0 }

  /// Forgets the values of a frame.
  package mutating func clear() {
    for index in columns.indices {
      columns[index].bytes.removeAll(keepingCapacity: true)
      columns[index].count = 0
    }
  }

  /// Begins a value: the column to write it into, nil when nobody asks for it.
  @inline(__always) private mutating func begin(_ field: CaptureField) -> Int? {
    let place = Int(places[Int(field.rawValue)])
    return place < 0 ? nil : begin(place)
  }

  private mutating func begin(_ place: Int) -> Int? {
    if columns[place].count > 0 {
      switch occurrence {
      case .all: columns[place].bytes += aggregator
      case .first: return nil
      case .last: columns[place].bytes.removeAll(keepingCapacity: true)
      }
    }
    columns[place].count += 1
    return place
  }

  /// Whether the field was asked for.
  @inline(__always) func wants(_ field: CaptureField) -> Bool {
    places[Int(field.rawValue)] >= 0
  }

  @inline(__always) mutating func add(_ field: CaptureField, _ number: Int) {
    guard let place = begin(field) else { return }
    columns[place].bytes.append(decimal: number)
  }

  @inline(__always) mutating func add(_ field: CaptureField, _ isTrue: Bool) {
    guard let place = begin(field) else { return }
    columns[place].bytes.append(UInt8(ascii: isTrue ? "1" : "0"))
  }

  /// A number with `0x` and so many digits.
  @inline(__always) mutating func add(_ field: CaptureField, hexadecimal number: Int, digits: Int) {
    guard let place = begin(field) else { return }
    columns[place].bytes.append(UInt8(ascii: "0"))
    columns[place].bytes.append(UInt8(ascii: "x"))
    for digit in stride(from: digits - 1, through: 0, by: -1) {
      columns[place].bytes.append(hexadecimalDigit: UInt8(number >> (digit * 4) & 15))
    }
  }

  mutating func add(_ field: CaptureField, text: String) {
    guard let place = begin(field) else { return }
    columns[place].bytes += text.utf8
  }

  /// Seconds with nine decimals.
  mutating func add(_ field: CaptureField, seconds nanoseconds: Int64) {
    guard let place = begin(field) else { return }
    columns[place].bytes.append(seconds: nanoseconds)
  }

  /// Text as it was sent, as far as a line can show it: up to a NUL, control characters that have a
  /// letter as `\\n`, ill-formed UTF-8 as U+FFFD.
  @inline(__always) mutating func add(
    _ field: CaptureField, text bytes: Span<UInt8>, _ range: Range<Int>
  ) {
    guard let place = begin(field) else { return }
    columns[place].bytes.append(shown: bytes, range)
  }

  /// Bytes as digits; none at all has a word of its own.
  @inline(__always) mutating func add(
    _ field: CaptureField, bytes: Span<UInt8>, _ range: Range<Int>
  ) {
    guard let place = begin(field) else { return }
    if range.isEmpty { columns[place].bytes += "<MISSING>".utf8 }
    for index in range {
      columns[place].bytes.append(hexadecimalDigit: bytes[index] >> 4)
      columns[place].bytes.append(hexadecimalDigit: bytes[index] & 15)
    }
  }

  /// An address of Ethernet, in the low 48 bits.
  mutating func add(_ field: CaptureField, hardware address: UInt64) {
    guard let place = begin(field) else { return }
    for shift in [UInt64(40), 32, 24, 16, 8, 0] {
      columns[place].bytes.append(hexadecimalDigit: UInt8(address >> (shift + 4) & 15))
      columns[place].bytes.append(hexadecimalDigit: UInt8(address >> shift & 15))
      if shift > 0 { columns[place].bytes.append(UInt8(ascii: ":")) }
    }
  }

  mutating func add(_ field: CaptureField, address: IPAddress) {
    guard let place = begin(field) else { return }
    columns[place].bytes.append(address: address)
  }
}

extension [UInt8] {
  /// Appends a number in decimal digits.
  mutating func append(decimal number: Int) {
    if number < 0 {
      append(UInt8(ascii: "-"))
      return append(decimal: -number)
    }
    if number >= 10 { append(decimal: number / 10) }
    append(UInt8(ascii: "0") + UInt8(number % 10))
  }

  /// Appends seconds with nine digits behind the point.
  mutating func append(seconds nanoseconds: Int64) {
    if nanoseconds < 0 { append(UInt8(ascii: "-")) }
    let (seconds, rest) = nanoseconds.magnitude.quotientAndRemainder(dividingBy: 1_000_000_000)
    append(decimal: Int(seconds))
    append(UInt8(ascii: "."))
    var scale: UInt64 = 100_000_000
    while scale > 0 {
      append(UInt8(ascii: "0") + UInt8(rest / scale % 10))
      scale /= 10
    }
  }

  fileprivate mutating func append(hexadecimalDigit digit: UInt8) {
    append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") - 10 + digit)
  }

  fileprivate mutating func append(shown bytes: Span<UInt8>, _ range: Range<Int>) {
    let start = count
    var isPlain = true
    for index in range {
      let byte = bytes[index]
      if byte == 0 { break }
      if byte >= 0x80 { isPlain = false }
      switch byte {
      case 0x08: append(escaped: "b")
      case 0x09: append(escaped: "t")
      case 0x0A: append(escaped: "n")
      case 0x0C: append(escaped: "f")
      case 0x0D: append(escaped: "r")
      default: append(byte)
      }
    }
    if isPlain || String(validating: self[start...], as: UTF8.self) != nil { return }
    let repaired = String(decoding: self[start...], as: UTF8.self)
    removeSubrange(start...)
    self += repaired.utf8
  }

  private mutating func append(escaped letter: Unicode.Scalar) {
    append(UInt8(ascii: "\\"))
    append(UInt8(ascii: letter))
  }

  fileprivate mutating func append(address: IPAddress) {
    if address.isVersion6 {
      self += address.description.utf8
      return
    }
    for shift in [UInt64(24), 16, 8, 0] {
      append(decimal: Int(address.low >> shift & 0xFF))
      if shift > 0 { append(UInt8(ascii: ".")) }
    }
  }
}
