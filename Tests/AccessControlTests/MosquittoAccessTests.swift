// Thousands of generated questions, put to Debian's mosquitto over sockets and to this module. What
// mosquitto allows to publish is seen by who receives it, and with MQTT 5 by its acknowledgement.

import AccessControl
import Foundation
import LiveSupport
import TestSupport
import Testing

struct MosquittoAccessTests {
  /// Somebody who may read and write everything that anybody may; behind all other rules.
  private static let observer =
    "\nuser observer\ntopic #\ntopic $foo/#\ntopic $/#\ntopic $SYS/#\n"
    + "topic $SYSTEM/#\ntopic $shared/#\ntopic $share/#\n"
  private static let filters = [
    "#", "$foo/#", "$/#", "$SYS/broker/connection/+/state", "$SYSTEM/#",
  ]

  /// What mosquitto says to all questions: `publish|deliver subject topic`, by their numbers.
  private func answers(_ questions: AccessQuestions, _ port: UInt16) throws -> [Bool] {
    let observer = try MosquittoClient(
      port: port, client: "observer", user: "observer", isVersion5: false)
    try observer.subscribe(Self.filters)
    let clients = try questions.subjects.enumerated().map { number, subject in
      try MosquittoClient(
        port: port, client: subject.clientIdentifier, user: subject.userName,
        isVersion5: number % 2 == 1)
    }
    for (number, client) in clients.enumerated() {
      for (index, topic) in questions.topics.enumerated() {
        client.publish(topic, "\(number) \(index)", identifier: index + 1)
      }
      try client.settle()
    }
    try observer.settle()
    for client in clients { try client.subscribe(Self.filters) }
    for (index, topic) in questions.topics.enumerated() {
      observer.publish(topic, "to all \(index)", identifier: index + 1)
    }
    try observer.settle()
    for client in clients { try client.settle() }
    var answers: [Bool] = []
    for (number, client) in clients.enumerated() {
      for index in questions.topics.indices {
        let isReceived = observer.messages.contains("\(number) \(index)")
        if number % 2 == 1 {
          let isAcknowledged = client.acknowledged[index + 1] != 0x87
          #expect(isReceived == isAcknowledged, "\(questions.topics[index]): 0x87 and loss differ")
        }
        answers.append(isReceived)
        answers.append(client.messages.contains("to all \(index)"))
      }
    }
    return answers
  }

  /// Whether the observer may read and write the topic and has subscribed to it.
  private static func isObservable(_ topic: String) -> Bool {
    guard topic.hasPrefix("$") else { return true }
    let open = ["$", "$foo", "$SYSTEM", "$share", "$shared"]
    return topic == "$SYS/broker/connection/a/state" || topic == "$SYS/a"
      || open.contains { topic == $0 || topic.hasPrefix($0 + "/") }
  }

  @Test(arguments: [1, 2, 3, 4]) func `decisions are those of Debian's mosquitto`(
    group: UInt64
  ) throws {
    var (allowed, denied) = (0, 0)
    for seed in (group * 100)..<(group * 100 + 8) {
      var questions = AccessQuestions(seed: seed)
      questions.topics.removeAll { !Self.isObservable($0) }
      let file = questions.file + Array(Self.observer.utf8)
      let mosquitto = try Mosquitto(
        file: file, settings: "acl_file FILE")
      var answers = try answers(questions, mosquitto.port)[...]
      let list = try AccessList(parsing: file, file: "acl.conf")
      for subject in questions.subjects {
        let permissions = AccessPermissions(list, subject)
        for topic in questions.topics {
          for action in [AccessAction.publish, .deliver] {
            let answer = answers.removeFirst()
            // What nobody may write nobody can be sent, so mosquitto cannot be asked about it.
            let isAskable =
              action == .publish || !topic.hasPrefix("$S") && !topic.hasPrefix("$share")
            if !isAskable { continue }
            let decision = permissions.decide(action, topic: topic)
            if decision.isAllowed != answer {
              Issue.record(
                """
                seed \(seed): \(subject) \(action) "\(topic)": mosquitto says \(answer), and \
                \(list.location(of: decision)?.description ?? "\(decision.ground)") the opposite
                \(String(decoding: file, as: UTF8.self))
                """)
            }
            if answer { allowed += 1 } else { denied += 1 }
          }
        }
      }
    }
    #expect(allowed > 100)
    #expect(allowed + denied > 1000)
  }
}

extension Mosquitto {
  /// Starts it with one file of its own; in `settings` FILE stands for the path of the file.
  convenience init(file: [UInt8], settings: String) throws {
    try self.init { folder in
      [settings.replacing("FILE", with: try folder.write(bytes: file, to: "file"))]
    }
  }
}
