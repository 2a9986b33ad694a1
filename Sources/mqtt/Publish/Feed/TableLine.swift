// A row of a table as a message: some columns are its topic, QoS or retain flag, and the payload is a
// column, or made by a template, or a JSON object of all columns that are nothing else. In that object
// numbers stand as they are in the table, digit for digit, and true, false and null as themselves.

import Basis
import Commands
import MQTTClient
import MQTTCodec
import Text
import Transport

/// Rows of a CSV file.
struct TableLine: LineForm {
  private let source: TableSource
  private var template: TemplateRun?
  private var separator: UInt8?
  private var names: [String] = []
  /// The row under way, and whether a line of it has been read.
  private var row: CSVRow?
  private var places = Places()

  /// Where the columns with a meaning stand.
  private struct Places {
    var topic: Int?
    var payload: Int?
    var qos: Int?
    var retain: Int?
    /// Columns that have no other meaning.
    var others: [Int] = []
  }

  init(_ source: TableSource, seed: UInt64) {
    self.source = source
    separator = source.separator
    template = source.template.map { TemplateRun($0, seed: seed) }
  }

  var choosesQoS: Bool { source.qosColumn != nil }

  mutating func read(
    _ line: Span<UInt8>, into message: inout OutgoingMessage
  ) throws(MessageLineFault) -> Bool {
    if line.isEmpty && row == nil { return false }
    let line = array(line)
    if separator == nil { separator = CSVRow.separator(of: line) }
    var row = row ?? CSVRow(separator: separator ?? UInt8(ascii: ","))
    self.row = nil
    do throws(CSVRow.Fault) {
      if try row.read(line) == .needsLine {
        self.row = row
        return false
      }
    } catch {
      throw MessageLineFault(error.offset, error.explanation)
    }
    if names.isEmpty {
      try begin(row.columns)
      if source.hasHeader { return false }
    }
    if row.columns.count != names.count {
      throw MessageLineFault(
        0, "expected \(names.count) columns as in the first line, found \(row.columns.count)")
    }
    try fill(&message, row.columns)
    return true
  }

  func end() throws(MessageLineFault) {
    if row != nil { throw MessageLineFault(0, "the quotes of a column have no end") }
  }

  /// Takes the names of the columns, or counts them.
  private mutating func begin(_ columns: [[UInt8]]) throws(MessageLineFault) {
    if source.hasHeader {
      names = columns.map { String(decoding: $0, as: UTF8.self) }
    } else {
      names = (1...columns.count).map { "\($0)" }
    }
    places.topic = try place(source.topicColumn)
    places.payload = try place(source.payloadColumn)
    places.qos = try place(source.qosColumn)
    places.retain = try place(source.retainColumn)
    for name in source.template?.columns ?? [] { _ = try place(name) }
    let taken = [places.topic, places.payload, places.qos, places.retain]
    places.others = names.indices.filter { !taken.contains($0) }
  }

  private func place(_ name: String?) throws(MessageLineFault) -> Int? {
    guard let name else { return nil }
    if let place = names.firstIndex(of: name) { return place }
    throw MessageLineFault(
      0, "there is no column \(name); the columns are \(names.joined(separator: ", "))")
  }

  private mutating func fill(
    _ message: inout OutgoingMessage, _ columns: [[UInt8]]
  ) throws(MessageLineFault) {
    if let place = places.topic {
      let topic = columns[place]
      if let fault = Topic.faultOfName(topic.span) {
        throw MessageLineFault(
          0, "\"\(String(decoding: topic, as: UTF8.self))\" is no topic: \(fault.explanation)")
      }
      message.topic = String(decoding: topic, as: UTF8.self)
    }
    if let place = places.qos {
      let text = String(decoding: columns[place], as: UTF8.self)
      guard let qos = UInt8(text).flatMap(QoS.init(rawValue:)) else {
        throw MessageLineFault(0, "\"\(text)\" is no QoS: expected 0, 1 or 2")
      }
      message.qos = qos
    }
    if let place = places.retain {
      let text = String(decoding: columns[place], as: UTF8.self).lowercased()
      guard ["1", "0", "true", "false"].contains(text) else {
        throw MessageLineFault(0, "\"\(text)\" does not say whether to retain: expected 1 or 0")
      }
      message.isRetained = text == "1" || text == "true"
    }
    if let place = places.payload {
      let payload = columns[place]
      message.payload.append(payload.span)
    } else if template != nil {
      var facts = TemplateFacts(time: WallClock.nanoseconds, topic: message.topic ?? "")
      for (name, column) in zip(names, columns) {
        facts.columns[name] = String(decoding: column, as: UTF8.self)
      }
      template?.append(to: &message.payload, facts)
    } else {
      appendObject(columns, to: &message.payload)
    }
  }

  private func appendObject(_ columns: [[UInt8]], to payload: inout ByteBuffer) {
    payload.append(UInt8(ascii: "{"))
    for (index, place) in places.others.enumerated() {
      if index > 0 { payload.append(UInt8(ascii: ",")) }
      payload.append(jsonString: names[place].utf8.span)
      payload.append(UInt8(ascii: ":"))
      let column = columns[place]
      switch JSONValue(parsing: column) {
      case .number?, .integer?, .literal?, .truth?, .null?: payload.append(column.span)
      case .string?, .array?, .object?, nil: payload.append(jsonString: column.span)
      }
    }
    payload.append(UInt8(ascii: "}"))
  }
}
