// Generated dynamic-security files, put to Debian's mosquitto with its plugin and to this module.

import AccessControl
import Foundation
import LiveSupport
import MQTTCodec
import Testing

struct MosquittoDynamicSecurityTests {
  private static let plugin = """
    plugin /usr/lib/x86_64-linux-gnu/mosquitto_dynamic_security.so
    plugin_opt_config_file FILE
    """

  /// What one client was told: its publications that arrived, its subscriptions that were granted,
  /// the messages that it was sent.
  private struct Told {
    var published: Set<String>
    var granted: Set<String>
    var received: Set<String>
  }

  private func ask(_ questions: DynamicSecurityQuestions, _ port: UInt16) throws -> [Told] {
    let observer = try MosquittoClient(
      port: port, client: "observer", user: "observer", password: "secret", isVersion5: false)
    try observer.subscribe(["#", "$foo/#"])
    let clients = try questions.subjects.enumerated().map { number, subject in
      try MosquittoClient(
        port: port, client: subject.clientIdentifier, user: subject.userName,
        password: subject.userName.map { _ in "secret" }, isVersion5: number % 2 == 1)
    }
    for (number, client) in clients.enumerated() {
      for (index, topic) in questions.topics.enumerated() {
        client.publish(topic, "\(number) \(index)", identifier: index + 1)
      }
      try client.settle()
    }
    try observer.settle()
    for client in clients { try client.subscribe(questions.filters) }
    for (index, topic) in questions.topics.enumerated() {
      observer.publish(topic, "to all \(index)", identifier: index + 1)
    }
    try observer.settle()
    for client in clients { try client.settle() }
    return clients.enumerated().map { number, client in
      let topics = questions.topics.enumerated()
      let granted = zip(questions.filters, client.granted).filter { $0.1 < 0x80 }.map(\.0)
      return Told(
        published: Set(
          topics.filter { observer.messages.contains("\(number) \($0.offset)") }.map(\.element)),
        granted: Set(granted),
        received: Set(
          topics.filter { client.messages.contains("to all \($0.offset)") }.map(\.element)))
    }
  }

  @Test(arguments: [1, 2, 3]) func `decisions are those of Debian's plugin`(group: UInt64) throws {
    var (allowed, denied) = (0, 0)
    func expect(_ actual: Bool, _ told: Bool, _ question: String) {
      if actual != told { Issue.record("\(question): mosquitto says \(told)") }
      if told { allowed += 1 } else { denied += 1 }
    }
    for seed in (group * 100)..<(group * 100 + 8) {
      let questions = DynamicSecurityQuestions(seed: seed)
      let mosquitto = try Mosquitto(file: Array(questions.file.utf8), settings: Self.plugin)
      let told = try ask(questions, mosquitto.port)
      let list = try AccessList(reading: Array(questions.file.utf8), file: "dynsec.json")
      for (subject, told) in zip(questions.subjects, told) {
        let permissions = AccessPermissions(list, subject)
        let who = "\(questions.file)\nseed \(seed), \(subject.userName ?? "nobody")"
        for filter in questions.filters {
          let isAllowed = permissions.decide(.subscribe, topic: filter).isAllowed
          expect(isAllowed, told.granted.contains(filter), "\(who) subscribe \(filter)")
        }
        for topic in questions.topics {
          let isAllowed = permissions.decide(.publish, topic: topic).isAllowed
          expect(isAllowed, told.published.contains(topic), "\(who) publish \(topic)")
          // Only what was subscribed to can be received.
          let isAwaited = told.granted.contains {
            Topic.matches(filter: Array($0.utf8).span, name: Array(topic.utf8).span)
          }
          if !isAwaited { continue }
          let isSent = permissions.decide(.deliver, topic: topic).isAllowed
          expect(isSent, told.received.contains(topic), "\(who) receive \(topic)")
        }
      }
    }
    #expect(allowed > 300)
    #expect(denied > 300)
  }
}
