// What access lists and mount points mean for sessions and retained messages that were loaded: whose
// they are, and which listener's rules count, is kept with them.

import AccessControl
import MQTTBroker
import MQTTCodec
import MQTTSession
import Testing

/// A store whose engine has two listeners: "free" is number 0, "strict" number 1.
private func twoListeners(
  free: String?, strict: String, _ change: (inout BrokerConfiguration) -> Void = { _ in }
) -> RecordsStore {
  RecordsStore {
    $0.listenerTerms = terms(["free", "strict"])
    $0.listenerPolicies = [policy(free), policy(strict)]
    change(&$0)
  }
}

private func terms(_ names: [String]) -> [ListenerTerms] {
  names.map {
    var terms = ListenerTerms()
    terms.name = $0
    return terms
  }
}

private func policy(_ text: String?) -> ListenerPolicy {
  var policy = ListenerPolicy()
  policy.access = text.map { rules($0) }
  return policy
}

extension RecordsStore {
  /// A connected client of a user that came through one of the listeners, everything committed.
  fileprivate func login(
    _ identifier: String, _ user: String?, listener: Int, will: Will? = nil,
    _ properties: [Property] = lasting
  ) -> Peer {
    let peer = Peer(silent: world, listener: listener)
    peer.login(identifier, user, nil, cleanStart: false, will: will, properties)
    commit()
    return peer
  }

  /// What is retained for a new client of user bob.
  fileprivate func retained(_ filter: String, listener: Int = 0) -> [String] {
    let bob = login("reader", "bob", listener: listener, [])
    bob.subscribe(filter)
    return (bob.pending + bob.read()).compactMap { packet in
      if case .publish(let publish) = packet { text(publish) } else { nil }
    }
  }
}

@Suite struct RecordsAccessTests {
  private let everybody = "pattern readwrite #\n"
  private let readers = "pattern read #\n"

  @Test(arguments: [true, false])
  func `the publisher of a retained message is asked about after a crash too, if that is checked`(
    isChecked: Bool
  ) {
    let store = RecordsStore { $0.checksRetainSource = isChecked }
    for user in ["ann", "cid"] {
      let peer = store.login(user, user, listener: 0, [])
      peer.publish("t/\(user)", "\(user)'s", retain: true)
    }
    store.commit()
    store.crash()
    store.world.readAgain(rules: readers + "user cid\ntopic write #\n")
    #expect(store.retained("t/#").sorted() == (isChecked ? ["cid's"] : ["ann's", "cid's"]))
  }

  @Test func `the publisher is kept with what a crash of a crash leaves`() {
    let store = RecordsStore()
    store.login("ann", "ann", listener: 0, []).publish("t", "ann's", retain: true)
    store.commit()
    store.crash()
    store.absent("other", "x")
    store.crash()
    store.world.readAgain(rules: readers)
    #expect(store.retained("t").isEmpty)
  }

  @Test func `the rules that count for a retained message are those of its publisher's listener`() {
    let store = twoListeners(free: everybody, strict: readers)
    store.login("ann", "ann", listener: 0, []).publish("t", "ann's", retain: true)
    store.commit()
    store.crash()
    #expect(store.retained("t", listener: 1) == ["ann's"])
    // Where the listener has gone, every list has to allow it.
    var configuration = store.world.broker.configuration
    configuration.listenerTerms = terms(["other", "strict"])
    store.world.broker.reconfigure(configuration, now: store.world.now)
    #expect(store.retained("t", listener: 1).isEmpty)
    // And it may come again under another number.
    configuration.listenerTerms = terms(["other", "strict", "free"])
    configuration.listenerPolicies.append(policy(everybody))
    store.world.broker.reconfigure(configuration, now: store.world.now)
    #expect(store.retained("t", listener: 1) == ["ann's"])
  }

  @Test func `a listener that is closed gives nobody rights`() {
    let store = twoListeners(free: everybody, strict: readers)
    store.login("ann", "ann", listener: 0, []).publish("t", "ann's", retain: true)
    var configuration = store.world.broker.configuration
    configuration.listenerTerms = terms(["", "strict"])
    configuration.listenerPolicies[0] = ListenerPolicy()
    configuration.listenerPolicies[0].isClosed = true
    store.world.broker.reconfigure(configuration, now: store.world.now)
    #expect(store.retained("t", listener: 1).isEmpty)
  }

  private func will(_ topic: String) -> Will {
    Will(topic: topic, payload: Array("bye".utf8), qos: .atLeastOnce)
  }

  @Test func `a will that a crash set free has the rights of its client's listener`() {
    let store = twoListeners(free: nil, strict: "topic read #\nuser ann\ntopic write ann/#\n")
    let watcher = store.login("watcher", "bob", listener: 0)
    watcher.subscribe("#")
    store.commit()
    _ = store.login("ann", "ann", listener: 1, will: will("secret"))
    _ = store.login("ann2", "ann", listener: 1, will: will("ann/1"))
    _ = store.login("free", "ann", listener: 0, will: will("free"))
    store.crash()
    let messages = store.messages(of: store.login("watcher", "bob", listener: 0))
    #expect(messages.map(\.topic).sorted() == ["ann/1", "free"])
  }

  @Test func `what comes for a session that is not back yet is kept by its listener's rules`() {
    let store = twoListeners(free: nil, strict: "topic read public/#\n") {
      $0.clientIdentifierOwner = .anybody
    }
    for (name, listener) in [("free", 0), ("strict", 1)] {
      let peer = store.login(name, nil, listener: listener)
      peer.subscribe("#")
      store.commit()
      peer.cut()
    }
    store.commit()
    store.crash()
    let publisher = store.login("p", nil, listener: 0, [])
    for topic in ["secret", "public/x"] {
      publisher.publish(topic, topic, .atLeastOnce)
    }
    store.commit()
    // Neither is the right to have something carried from one listener to another.
    #expect(store.messages(of: store.login("free", nil, listener: 1)).map(text) == ["public/x"])
    #expect(store.messages(of: store.login("strict", nil, listener: 0)).map(text) == ["public/x"])
  }

  @Test func `of a session whose listener is not known nothing is lost, and nothing leaks`() {
    for (listener, expected) in [(0, ["secret", "public/x"]), (1, ["public/x"])] {
      let store = twoListeners(free: nil, strict: "topic read public/#\n")
      let peer = store.login("s", nil, listener: 1)
      peer.subscribe("#")
      store.commit()
      peer.cut()
      store.commit()
      var configuration = store.world.broker.configuration
      configuration.listenerTerms = terms(["free", "renamed"])
      store.world.broker.reconfigure(configuration, now: store.world.now)
      store.crash()
      let publisher = store.login("p", nil, listener: 0, [])
      for topic in ["secret", "public/x"] { publisher.publish(topic, topic, .atLeastOnce) }
      store.commit()
      #expect(store.messages(of: store.login("s", nil, listener: listener)).map(text) == expected)
    }
  }

  @Test func `a session below a mount point gets after a crash what lies below it, and no more`() {
    for (listener, expected) in [(1, ["a"]), (0, ["m/a"]), (2, [])] {
      let store = RecordsStore {
        $0.listenerTerms = terms(["plain", "m", "n"])
        $0.clientIdentifierOwner = .anybody
        $0.listenerTerms[1].mountPoint = "m/"
        $0.listenerTerms[2].mountPoint = "n/"
      }
      let peer = store.login("s", nil, listener: 1)
      peer.subscribe("a")
      store.commit()
      peer.cut()
      store.commit()
      store.crash()
      let publisher = store.login("p", nil, listener: 0, [])
      for topic in ["a", "n/a", "m/a"] { publisher.publish(topic, topic, .atLeastOnce) }
      store.commit()
      let messages = store.messages(of: store.login("s", nil, listener: listener))
      #expect(messages.map(\.topic) == expected)
    }
  }

  @Test func `a will below a mount point is published below it after a crash`() {
    let store = RecordsStore {
      $0.listenerTerms = terms(["plain", "m"])
      $0.listenerTerms[1].mountPoint = "m/"
    }
    store.absent("s", "#")
    _ = store.login("w", nil, listener: 1, will: will("gone"))
    store.crash()
    #expect(store.messages(of: store.login("s", nil, listener: 0)).map(\.topic) == ["m/gone"])
  }
}
