// What the options of `mqtt pub` mean together: which argument is the topic and which the message,
// what the source of the messages needs, and what does not go with what.

import MQTTCodec
import Text

extension PublishDraft {
  /// Joins plain arguments, topics and the source of the messages.
  func finished() throws(UsageError) -> (PublishOptions, [String]) {
    if let queue = try queue() { return try finished(queue) }
    var result = options
    var plain = plain[...]
    if let topic = connection.topicOfURL { result.topics.append(topic) }
    if result.topics.isEmpty, let word = plain.popFirst() {
      if word == leadingNumber {
        throw UsageError(
          ArgumentParser<PublishDraft>.shown(word), ValueFault.notAnOption.problem,
          example: "mqtt pub sensor/temp -3.5")
      }
      guard let topic = String(validating: word, as: UTF8.self) else {
        throw UsageError(
          ArgumentParser<PublishDraft>.shown(word), "expected a topic in UTF-8",
          example: "sensor/temp")
      }
      result.topics.append(topic)
    }
    for topic in result.topics {
      do throws(ValueFault) {
        _ = try Values.topic(topic)
      } catch {
        throw UsageError(topic, error.problem, example: "sensor/temp")
      }
    }
    let message = plain.popFirst()
    let source = try wholeSource()
    if result.topics.isEmpty, !namesTopics(source) {
      throw UsageError("mqtt pub", "expected a topic", example: "mqtt pub sensor/temp 21.5")
    }
    if let extra = message, let source {
      throw UsageError(
        ArgumentParser<PublishDraft>.shown(extra),
        "is one message too many: \(source.option) gives the message",
        example: "mqtt pub sensor/temp 21.5")
    }
    if let extra = plain.popFirst() {
      throw UsageError(
        ArgumentParser<PublishDraft>.shown(extra), "is one argument too many: the topic is given",
        example: "mqtt pub -t sensor/temp 21.5")
    }
    guard let value = source?.value ?? message.map(MessageSource.given) else {
      throw UsageError(
        "mqtt pub",
        "expected a message after the topic, or one of -m -f -l -n -s",
        example: "mqtt pub \(result.topics.first ?? "sensor/temp") 21.5")
    }
    result.source = value
    if case .given(let payload) = value {
      try ConnectionDraft.check(
        payload: payload, result.publishProperties, source?.option ?? "the message")
    }
    try finishPace(&result)
    try finishTopics(&result)
    try finishReply(&result)
    var connection = connection
    // `-` and the number of a client.
    if result.clientCount > 1 { connection.suffixByteCount = "-\(result.clientCount)".utf8.count }
    let (options, warnings) = try connection.finished()
    result.connection = options
    return (result, warnings)
  }

  /// The source with all that belongs to it.
  private func wholeSource() throws(UsageError) -> (option: String, value: MessageSource)? {
    if let csvOption {
      guard case .table? = source?.value else {
        throw UsageError(csvOption, "means something only with --csv", example: "--csv data.csv")
      }
    }
    guard let source else {
      if !isJSONLines { return template.map { ("--template", .template($0)) } }
      if let word = plain.first, word.suffix(6) == Array(".jsonl".utf8)[...] {
        let name = ArgumentParser<PublishDraft>.shown(word)
        throw UsageError(
          "--jsonl", "\(name) would be a topic; a file is named by -f", example: "-f \(name)")
      }
      if template == nil { return ("--jsonl", .jsonLines(file: nil)) }
      throw UsageError("--template", "the message is already given by --jsonl")
    }
    switch source.value {
    case .table(let given):
      if isJSONLines {
        throw UsageError("--jsonl", "the message is already given by \(source.option)")
      }
      var table = csv
      table.path = given.path
      table.template = template
      if template != nil && table.payloadColumn != nil {
        throw UsageError(
          "--template", "does not go with --payload-column: both say what the message is")
      }
      return (source.option, .table(table))
    case .given, .file, .input, .inputLines, .empty, .template, .jsonLines, .recording:
      if template != nil {
        throw UsageError("--template", "the message is already given by \(source.option)")
      }
      if isJSONLines {
        switch source.value {
        case .file(let path): return ("--jsonl", .jsonLines(file: path))
        case .inputLines: return ("--jsonl", .jsonLines(file: nil))
        case .given, .input, .empty, .template, .table, .jsonLines, .recording:
          throw UsageError("--jsonl", "the message is already given by \(source.option)")
        }
      }
      return source
    }
  }

  /// Whether each message may bring its own topic.
  private func namesTopics(_ source: (option: String, value: MessageSource)?) -> Bool {
    switch source?.value {
    case .inputLines?, .jsonLines?, .recording?: true
    case .table(let table)?: table.topicColumn != nil
    case .given?, .file?, .input?, .empty?, .template?, nil: false
    }
  }

  private func finishPace(_ result: inout PublishOptions) throws(UsageError) {
    if let repeatCount {
      result.repeatCount = repeatCount
    } else if result.everySeconds != nil {
      result.repeatCount = .max
    }
    if result.everySeconds != nil && result.repeatDelaySeconds > 0 {
      throw UsageError("--every", "does not go with --repeat-delay: both say how far apart")
    }
    let isRecording = if case .recording = result.source { true } else { false }
    if !isRecording, let option = isMaximal ? "--max" : speed.map({ _ in "--speed" }) {
      throw UsageError(option, "means something only with --replay", example: "--replay day.jsonl")
    }
    if isRecording && result.everySeconds != nil {
      throw UsageError("--every", "does not go with --replay, which has its own times")
    }
    if isMaximal && speed != nil {
      throw UsageError("--max", "does not go with --speed")
    }
    result.pace = isMaximal ? .maximum : .recorded(speed: speed ?? 1)
    if result.clientCount > 1 {
      switch result.source {
      case .given, .file, .empty, .template: break
      case .input, .inputLines, .table, .jsonLines, .recording:
        throw UsageError(
          "--clients", "goes with -m, -f, -n and --template: other messages exist only once",
          example: "--clients 10 --template '{{random 20 30 2}}' --every 3s")
      }
    }
  }

  private func finishTopics(_ result: inout PublishOptions) throws(UsageError) {
    if case .inputLines = result.source {
      // A line without a topic of the command line begins with its own.
      if result.topics.isEmpty { result.topicSeparator = topicSeparator ?? [UInt8(ascii: " ")] }
      if !result.topics.isEmpty && topicSeparator != nil {
        throw UsageError("--topic-separator", "each line has its topic: give none besides")
      }
    } else if topicSeparator != nil {
      throw UsageError("--topic-separator", "means something only with -l", example: "-l")
    }
    if case .template = result.source, let topic = result.topics.first(where: Template.hasPlaces) {
      if result.topics.count > 1 {
        throw UsageError(topic, "a topic with {{...}} has to be the only one")
      }
      do throws(TemplateFault) {
        result.topicTemplate = try Template(topic)
      } catch {
        throw UsageError("topic", error.explanation, excerpt: error.excerpt)
      }
    }
  }

  private func finishReply(_ result: inout PublishOptions) throws(UsageError) {
    guard waitsForReply else {
      if let replyOption {
        throw UsageError(replyOption, "means something only with --wait-reply")
      }
      return
    }
    let isSingle =
      switch result.source {
      case .given, .file, .input, .empty: result.repeatCount == 1
      case .inputLines, .template, .table, .jsonLines, .recording: false
      }
    if !isSingle || result.topics.count > 1 || result.clientCount > 1 {
      throw UsageError(
        "--wait-reply", "goes with one message to one topic",
        example: "mqtt pub --wait-reply device/7/get temperature")
    }
    result.reply = reply
    if let seconds = options.timeoutSeconds { result.reply?.timeoutSeconds = seconds }
  }
}
