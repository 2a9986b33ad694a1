// The broker that runs, asked about every topic and filter of a small universe with levels that begin
// with $: what it lets a client do is what this module says about the same file.

import AccessControl
import Foundation
import LiveSupport
import MQTTCodec
import TestSupport
import Testing

struct BrokerAccessTests {
  /// What a client was told.
  private struct Told {
    var published: Set<String> = []
    var granted: Set<String> = []
    var received: Set<String> = []
  }

  /// A program with a file of rules, which is not to be deleted before it.
  private final class Served {
    let folder = TestFolder()
    let port: UInt16
    let program: RunningProgram

    init(_ file: String, isDynamic: Bool) throws {
      port = try freePort()
      let path = try folder.write(file, to: "rules")
      var words = ["-p", "\(port)", "--memory", "--acl", path, "--acl-extensions"]
      if isDynamic {
        let terms = """
          listener \(port) 127.0.0.1
          allow_anonymous true
          plugin /usr/lib/x86_64-linux-gnu/mosquitto_dynamic_security.so
          plugin_opt_config_file \(path)
          """
        words = ["-c", try folder.write(terms, to: "broker.conf")]
      }
      program = try RunningProgram([mqttPath, "broker"] + words)
      try program.waitForPort(port)
    }
  }

  /// Everything is asked by one client, which also awaits what it publishes itself.
  private func ask(_ port: UInt16, _ subject: AccessSubject) throws -> Told {
    let password = subject.userName.map { _ in "secret" }
    let client = try MosquittoClient(
      port: port, client: subject.clientIdentifier, user: subject.userName, password: password,
      isVersion5: true)
    try client.subscribe(SmallUniverse.filters)
    var told = Told()
    told.granted = Set(
      zip(SmallUniverse.filters, client.granted).filter { $0.1 < 0x80 }.map(\.0))
    for (index, topic) in SmallUniverse.topics.enumerated() {
      client.publish(topic, "own \(index)", identifier: index + 1)
    }
    try client.settle()
    for (index, topic) in SmallUniverse.topics.enumerated() {
      if client.acknowledged[index + 1].map({ $0 < 0x80 }) == true { told.published.insert(topic) }
      if client.messages.contains("own \(index)") { told.received.insert(topic) }
    }
    return told
  }

  @Test(arguments: 1...12, [false, true]) func `decisions are those of the broker that runs`(
    seed: UInt64, isDynamic: Bool
  ) throws {
    var chance = Chance(seed: seed)
    let file = SmallUniverse.file(&chance, isDynamic: isDynamic)
    let list = try SmallUniverse.list(file)
    let broker = try Served(file, isDynamic: isDynamic)
    for (number, user) in [String?.none, "ann"].enumerated() {
      let subject = AccessSubject(clientIdentifier: "client-\(number)", userName: user)
      let permissions = AccessPermissions(list, subject)
      let told: Told
      do { told = try ask(broker.port, subject) } catch {
        throw ProgramError("\(error): \(broker.program.errors)\n\(file)")
      }
      for filter in SmallUniverse.filters {
        let isAllowed = permissions.decide(.subscribe, topic: filter).isAllowed
        if told.granted.contains(filter) != isAllowed {
          Issue.record("\(user ?? "nobody") subscribe \(filter): \(isAllowed) by\n\(file)")
        }
      }
      for topic in SmallUniverse.topics {
        // Whatever the rules say: only the server publishes below $SYS, and nobody asks $CONTROL.
        let isAllowed =
          permissions.decide(.publish, topic: topic).isAllowed && !topic.hasPrefix("$SYS/")
          && !topic.hasPrefix("$CONTROL/")
        if told.published.contains(topic) != isAllowed {
          Issue.record("\(user ?? "nobody") publish \(topic): \(isAllowed) by\n\(file)")
        }
        // Only what it has published itself and subscribed to can come back.
        let isAwaited = told.granted.contains {
          Topic.matches(filter: Array($0.utf8).span, name: Array(topic.utf8).span)
        }
        guard isAllowed, isAwaited else { continue }
        let isDelivered = permissions.decide(.deliver, topic: topic).isAllowed
        if told.received.contains(topic) != isDelivered {
          Issue.record("\(user ?? "nobody") receive \(topic): \(isDelivered) by\n\(file)")
        }
      }
    }
  }
}
