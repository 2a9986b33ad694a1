// Messages that stand on lines, of standard input or of a file: the line itself (`-l`), with or
// without its topic, a line of JSON (`--jsonl`), of a recording (`--replay`), or a row of a table
// (`--csv`). Lines are read only as fast as the broker takes them. What is wrong with one is said
// with the name of the input, the line, the column and a caret.

import Basis
import Commands
import Glibc
import MQTTClient
import MQTTCodec
import Transport

/// What the lines of an input are.
protocol LineForm {
  /// Makes a message of a line; false when the line is not one by itself, as a header is not.
  mutating func read(
    _ line: Span<UInt8>, into message: inout OutgoingMessage
  ) throws(MessageLineFault) -> Bool

  /// Says that there are no more lines.
  func end() throws(MessageLineFault)

  /// Whether a line may say its QoS.
  var choosesQoS: Bool { get }

  /// Whether the input is a text, which may have a byte-order mark, and not lines of any bytes.
  var isText: Bool { get }
}

extension LineForm {
  var choosesQoS: Bool { false }

  var isText: Bool { true }

  func end() throws(MessageLineFault) {}
}

/// One message a line, or a few lines.
final class LineFeed: MessageFeed {
  private var lines: LineInput
  private var form: any LineForm
  private let name: String
  private var lineNumber = 0
  private let ownsDescriptor: Bool
  let descriptor: Int32

  /// Lines of the file at `path`, or of standard input where that is `-`.
  init(_ path: String, _ form: any LineForm) throws(StartFailure) {
    self.form = form
    ownsDescriptor = path != "-"
    name = ownsDescriptor ? path : "standard input"
    descriptor = ownsDescriptor ? open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK) : STDIN_FILENO
    if descriptor < 0 {
      throw StartFailure(description: "cannot read \(path): \(String(cString: strerror(errno)))")
    }
    lines = LineInput(descriptor)
  }

  deinit { if ownsDescriptor { close(descriptor) } }

  let isLong = true
  var remainder: FeedRemainder { lines.isEmpty ? .none : .input }
  var choosesQoS: Bool { form.choosesQoS }

  func next(into message: inout OutgoingMessage, now: Instant) throws(StartFailure) -> FeedStep {
    while true {
      switch lines.nextLine() {
      case .complete(let count, let consumed):
        lineNumber += 1
        var isMessage = false
        try lines.withLine(count) { (line) throws(StartFailure) in
          let hasMark = lineNumber == 1 && form.isText
          let mark = hasMark ? array(line).withoutByteOrderMark.startIndex : 0
          do throws(MessageLineFault) {
            isMessage = try form.read(line.extracting(droppingFirst: mark), into: &message)
          } catch {
            throw failure(error, array(line))
          }
        }
        lines.consume(consumed)
        if isMessage { return .message }
      case .incomplete:
        if !lines.isTooLong { return .waitsForInput }
        throw StartFailure(
          description: "\(name):\(lineNumber + 1): the line has more than the "
            + "\(WholeFile.byteLimit) bytes that an MQTT packet can carry")
      case .ended:
        do throws(MessageLineFault) {
          try form.end()
        } catch {
          throw failure(error, [])
        }
        return .ended
      }
    }
  }

  func read() throws(StartFailure) {
    do throws(SystemError) {
      try lines.read()
    } catch {
      throw StartFailure(description: name == error.subject ? "\(error)" : "\(name): \(error)")
    }
  }

  private func failure(_ fault: MessageLineFault, _ line: [UInt8]) -> StartFailure {
    let place = "\(name):\(lineNumber):\(fault.offset + 1): \(fault.explanation)"
    let excerpt = line.isEmpty ? "" : "\n" + Excerpt.text(line, caretAt: fault.offset)
    return StartFailure(description: place + excerpt)
  }
}

/// The line is the message.
struct PayloadLine: LineForm {
  let isText = false

  func read(
    _ line: Span<UInt8>, into message: inout OutgoingMessage
  ) throws(MessageLineFault) -> Bool {
    message.payload.append(line)
    return true
  }
}

/// The line is a topic, a separator and the message; a topic alone is an empty message.
struct TopicLine: LineForm {
  let separator: [UInt8]

  func read(
    _ line: Span<UInt8>, into message: inout OutgoingMessage
  ) throws(MessageLineFault) -> Bool {
    if line.isEmpty { return false }
    var length = 0
    while length < line.count, !isSeparator(line, at: length) { length += 1 }
    if let fault = Topic.faultOfName(line.extracting(0..<length)) {
      throw MessageLineFault(
        0, "expected a topic at the beginning of the line: \(fault.explanation)")
    }
    message.topic = String(decoding: array(line.extracting(0..<length)), as: UTF8.self)
    let start = min(line.count, length + separator.count)
    message.payload.append(line.extracting(start..<line.count))
    return true
  }

  private func isSeparator(_ line: Span<UInt8>, at offset: Int) -> Bool {
    guard offset + separator.count <= line.count else { return false }
    for index in separator.indices where line[offset + index] != separator[index] { return false }
    return true
  }
}

/// The line is a message in JSON.
struct JSONLine: LineForm {
  let choosesQoS = true
  /// Whether a message without a topic goes to those of the command line.
  let hasTopics: Bool

  func read(
    _ line: Span<UInt8>, into message: inout OutgoingMessage
  ) throws(MessageLineFault) -> Bool {
    if line.isEmpty { return false }
    let parts = try MessageLine(parsing: array(line))
    if parts.topic == nil && !hasTopics {
      throw MessageLineFault(0, "expected \"topic\", since no topic is given otherwise")
    }
    message.topic = parts.topic
    if let qos = parts.qos { message.qos = qos }
    if let isRetained = parts.isRetained { message.isRetained = isRetained }
    let payload = parts.payload ?? []
    message.payload.append(payload.span)
    message.properties.list += parts.properties.publishable
    return true
  }
}

/// The line is a message of a recording, which leaves out nothing.
struct RecordedLine: LineForm {
  let choosesQoS = true
  /// Whether the topics of the command line stand in for the recorded one.
  let hasTopics: Bool

  func read(
    _ line: Span<UInt8>, into message: inout OutgoingMessage
  ) throws(MessageLineFault) -> Bool {
    if line.isEmpty { return false }
    let recorded = try RecordedMessage(parsing: array(line))
    message.topic = hasTopics ? nil : recorded.message.topic
    message.qos = recorded.message.qos
    message.isRetained = recorded.message.isRetained
    message.payload.append(recorded.message.payload.span)
    message.properties.list += recorded.message.properties.publishable
    message.recordedTime = recorded.time
    return true
  }
}

extension Properties {
  /// Those that a client may send with a message: a subscription identifier is the broker's word.
  /// [MQTT-3.3.4-6]
  fileprivate var publishable: [Property] {
    list.filter { $0.identifier != .subscriptionIdentifier }
  }
}
