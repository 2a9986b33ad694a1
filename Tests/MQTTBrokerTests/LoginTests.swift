// Who gets in: with a user name, a password, a certificate, or without any of them. Passwords are
// checked by the test in the place of the shell's thread.

import AccessControl
import Basis
import MQTTBroker
import MQTTCodec
import MQTTSession
import Testing

/// A password file with these users; what their hashes stand for is up to the test.
func passwords(_ names: String..., salt: String = "c2FsdA==") -> PasswordFile {
  let digest = String(repeating: "A", count: 86) + "=="
  let lines = names.map { "\($0):$6$\(salt)$\(digest)\n" }.joined()
  let file = PasswordFile(parsing: Array(lines.utf8), file: "passwords")
  precondition(file.faults.isEmpty, "\(file.faults)")
  return file
}

extension World {
  /// A world whose only listener has this policy.
  convenience init(
    policy change: (inout ListenerPolicy) -> Void,
    _ configure: (inout BrokerConfiguration) -> Void = { _ in }
  ) {
    var policy = ListenerPolicy()
    change(&policy)
    self.init {
      $0.listenerPolicies = [policy]
      configure(&$0)
    }
  }

  func nextCheck() -> CredentialCheck? { broker.nextCredentialCheck() }

  /// Answers all checks that wait: genuine is the password "right".
  @discardableResult func checkPasswords() -> Int {
    var count = 0
    while let check = broker.nextCredentialCheck() {
      count += 1
      broker.answer(check, isGenuine: check.password == Array("right".utf8), now: now)
    }
    settle()
    return count
  }
}

extension Peer {
  /// Whether the engine wants to have nothing from it.
  var isPaused: Bool { world.broker.wantsNoInput(connection) }

  /// Sends CONNECT with a user name and a password.
  func login(
    _ identifier: String, _ userName: String?, _ password: String?, cleanStart: Bool = true,
    will: Will? = nil, _ properties: [Property] = []
  ) {
    send(
      .connect(
        Connect(
          version: version, clientIdentifier: identifier, cleanStart: cleanStart,
          keepAliveSeconds: 0, will: will, userName: userName,
          password: password.map { Array($0.utf8) }, properties: Properties(properties))))
  }

  /// The reason of the CONNACK that came; nil when there is none.
  func connackReason() -> ReasonCode? {
    for packet in read() {
      if case .connack(let connack) = packet { return connack.reasonCode }
    }
    return nil
  }
}

@Suite struct LoginTests {
  private func guarded(_ configure: (inout BrokerConfiguration) -> Void = { _ in }) -> World {
    World(
      policy: {
        $0.allowsAnonymous = false
        $0.passwords = passwords("ann", "bob")
      }, configure)
  }

  @Test(arguments: [ProtocolVersion.v31, .v311, .v5])
  func `who names no user is refused where anonymous is off`(version: ProtocolVersion) {
    let world = guarded()
    let peer = Peer(silent: world, version)
    peer.login("c", nil, nil)
    #expect(peer.connackReason() == .notAuthorized)
    #expect(peer.isClosed)
    #expect(
      world.hasLogged(
        #"login refused: address=127.0.0.1:1 client="c" user=- reason="no user name""#))
  }

  @Test func `the right password lets in`() {
    let world = guarded()
    let peer = Peer(silent: world)
    peer.login("c", "ann", "right")
    #expect(peer.read().isEmpty)
    #expect(world.checkPasswords() == 1)
    #expect(peer.connackReason() == .success)
  }

  @Test(arguments: [
    ("ann", "wrong", "wrong password"), ("eve", "right", "unknown user"),
    ("ann", nil, "no password"),
  ])
  func `a client that is not who it says is refused, and the log says why`(
    userName: String, password: String?, reason: String
  ) {
    let world = guarded { $0.logsPackets = true }
    let peer = Peer(silent: world)
    peer.login("c", userName, password)
    world.checkPasswords()
    #expect(peer.connackReason() == .notAuthorized)
    #expect(
      world.hasLogged(
        #"login refused: address=127.0.0.1:1 client="c" user="\#(userName)" reason="\#(reason)""#))
    if let password {
      #expect(!world.log.contains { $0.description.contains("\"\(password)\"") })
    }
  }

  @Test(arguments: [ProtocolVersion.v31, .v311, .v5])
  func `an empty password lets nobody in, whatever the hash is of`(version: ProtocolVersion) {
    let world = guarded()
    let peer = Peer(silent: world, version)
    peer.login("c", "ann", "")
    #expect(world.nextCheck() == nil)
    #expect(peer.connackReason() == .notAuthorized)
    #expect(world.hasLogged(#"reason="an empty password, see --allow-empty-passwords""#))
  }

  @Test func `where empty passwords are allowed the hash decides`() {
    let world = guarded { $0.allowsEmptyPasswords = true }
    let peer = Peer(silent: world)
    peer.login("c", "ann", "")
    #expect(world.nextCheck()?.password == [])
    #expect(peer.read().isEmpty)
  }

  @Test func `an unknown user costs a check as a known one does`() {
    let world = guarded()
    Peer(silent: world).login("c", "eve", "x")
    let check = world.nextCheck()
    #expect(check?.hash == passwords("ann").entry(of: "ann")?.hash)
  }

  @Test func `nothing that was sent behind CONNECT is looked at before the answer`() {
    let world = guarded()
    let peer = Peer(silent: world)
    var bytes = ByteBuffer()
    Packet.connect(
      Connect(
        version: .v5, clientIdentifier: "c", cleanStart: true, userName: "ann",
        password: Array("right".utf8))
    ).encode(into: &bytes, version: .v5)
    let connectBytes = bytes.count
    Packet.pingreq.encode(into: &bytes, version: .v5)
    Packet.pingreq.encode(into: &bytes, version: .v5)
    // The second one comes later, and in two parts.
    peer.send(bytes: Array(bytes.bytes[..<(connectBytes + 2)]))
    peer.send(bytes: Array(bytes.bytes[(connectBytes + 2)...].prefix(1)))
    #expect(peer.read().isEmpty)
    #expect(peer.isPaused)
    world.checkPasswords()
    #expect(!peer.isPaused)
    peer.send(bytes: Array(bytes.bytes.suffix(1)))
    let answers = peer.read()
    #expect(answers.count == 3)
    #expect(answers.dropFirst().allSatisfy { $0 == .pingresp })
  }

  @Test(arguments: [true, false])
  func `without a password file a user name is believed where anonymous is on`(isOn: Bool) {
    let world = World(policy: { $0.allowsAnonymous = isOn })
    let peer = Peer(silent: world)
    peer.login("c", "ann", "x")
    #expect(world.checkPasswords() == 0)
    #expect(peer.connackReason() == (isOn ? .success : .notAuthorized))
  }

  @Test func `a client that leaves while its password waits is not checked`() {
    let world = guarded()
    let peer = Peer(silent: world)
    peer.login("c", "ann", "right")
    peer.cut()
    #expect(world.checkPasswords() == 0)
  }

  @Test func `an answer for somebody who has left changes nothing`() throws {
    let world = guarded()
    let peer = Peer(silent: world)
    peer.login("c", "ann", "right")
    let check = try #require(world.nextCheck())
    peer.cut()
    let other = Peer(silent: world)
    world.broker.answer(check, isGenuine: true, now: world.now)
    #expect(other.read().isEmpty)
  }

  @Test func `a login that takes longer than the time to CONNECT is given up`() {
    let world = guarded { $0.connectTimeoutSeconds = 5 }
    let peer = Peer(silent: world)
    peer.login("c", "ann", "right")
    world.wait(seconds: 5)
    #expect(peer.isClosed)
    #expect(world.checkPasswords() == 0)
  }

  @Test(arguments: [ProtocolVersion.v311, .v5])
  func `too many logins that wait are told to come later`(version: ProtocolVersion) {
    let world = guarded { $0.waitingLoginLimit = 1 }
    let first = Peer(silent: world, version)
    first.login("a", "ann", "right")
    let second = Peer(silent: world, version)
    second.login("b", "bob", "right")
    #expect(second.connackReason() == (version == .v5 ? .serverBusy : .serverUnavailable))
    #expect(world.hasLogged("max-waiting-logins 1 is reached"))
    world.checkPasswords()
    let third = Peer(silent: world, version)
    third.login("b", "bob", "right")
    world.checkPasswords()
    #expect(third.connackReason() == .success)
  }

  @Test func `an address that has failed too often waits longer and longer`() {
    let world = guarded {
      $0.loginFailureLimit = 2
      $0.loginDelayLimitSeconds = 3
    }
    func attempt(_ password: String) -> Peer {
      let peer = Peer(from: 7, in: world)
      peer.login("c", "ann", password)
      return peer
    }
    for _ in 0..<2 {
      _ = attempt("wrong")
      #expect(world.checkPasswords() == 1)
    }
    // The delays are 1, 2, 3, 3 s, one behind the other.
    _ = attempt("wrong")
    #expect(world.checkPasswords() == 1)
    _ = attempt("wrong")
    #expect(world.checkPasswords() == 0)
    world.wait(seconds: 1)
    #expect(world.checkPasswords() == 1)
    let patient = attempt("right")
    world.wait(seconds: 1.9)
    #expect(world.checkPasswords() == 0)
    world.wait(seconds: 0.2)
    #expect(world.checkPasswords() == 1)
    #expect(patient.connackReason() == .success)
    // The success has cleared the address.
    _ = attempt("wrong")
    #expect(world.checkPasswords() == 1)
  }

  @Test func `another address does not wait`() {
    let world = guarded { $0.loginFailureLimit = 1 }
    for _ in 0..<3 { Peer(from: 7, in: world).login("c", "ann", "wrong") }
    world.checkPasswords()
    Peer(from: 8, in: world).login("c", "ann", "wrong")
    #expect(world.checkPasswords() == 1)
  }

  @Test func `failures are forgotten after some quiet`() {
    let world = guarded { $0.loginFailureLimit = 1 }
    for _ in 0..<3 {
      Peer(from: 7, in: world).login("c", "ann", "wrong")
      #expect(world.checkPasswords() == 1)
      Peer(from: 7, in: world).login("c", "ann", "wrong")
      #expect(world.checkPasswords() == 1)
      world.wait(seconds: 301)
    }
  }

  @Test func `a password file that is read again during a check is asked again`() throws {
    let world = guarded()
    let peer = Peer(silent: world)
    peer.login("c", "ann", "right")
    let check = try #require(world.nextCheck())
    var policy = ListenerPolicy()
    policy.passwords = passwords("ann", salt: "bmV3")
    world.broker.setPolicies([policy], now: world.now)
    world.broker.answer(check, isGenuine: true, now: world.now)
    #expect(peer.read().isEmpty)
    #expect(world.checkPasswords() == 1)
    #expect(peer.connackReason() == .success)
  }
}

@Suite struct ReadAgainTests {
  private let world = World(policy: { $0.passwords = passwords("ann", "bob") })

  private func login(_ name: String?) -> Peer {
    let peer = Peer(silent: world)
    peer.login("client of \(name ?? "nobody")", name, name == nil ? nil : "right")
    world.checkPasswords()
    _ = peer.read()
    return peer
  }

  private func readAgain(_ change: (inout ListenerPolicy) -> Void) {
    var policy = ListenerPolicy()
    change(&policy)
    world.broker.setPolicies([policy], now: world.now)
    world.settle()
  }

  @Test func `whose line is as it was stays`() {
    let ann = login("ann")
    readAgain { $0.passwords = passwords("ann") }
    #expect(!ann.isClosed)
  }

  @Test func `whose line is gone is disconnected, and told so`() {
    let bob = login("bob")
    readAgain { $0.passwords = passwords("ann") }
    #expect(bob.read() == [.disconnect(Disconnect(reasonCode: .notAuthorized))])
    #expect(bob.isClosed)
    #expect(world.hasLogged("its user is gone"))
  }

  @Test func `whose password has changed is disconnected`() {
    let ann = login("ann")
    readAgain { $0.passwords = passwords("ann", salt: "bmV3") }
    #expect(ann.isClosed)
  }

  @Test(arguments: [true, false])
  func `who named no user stays while that is allowed`(isAllowed: Bool) {
    let nobody = login(nil)
    readAgain {
      $0.allowsAnonymous = isAllowed
      $0.passwords = passwords("ann")
    }
    #expect(nobody.isClosed == !isAllowed)
  }
}

@Suite struct IdentityTests {
  @Test func `the user name takes the place of the client identifier`() {
    let world = World(policy: { $0.usesUserNameAsClientIdentifier = true })
    let first = Peer(silent: world)
    first.login("", "ann", nil)
    let packets = first.read()
    guard case .connack(let connack)? = packets.first else {
      Issue.record("no CONNACK")
      return
    }
    #expect(connack.properties.string(.assignedClientIdentifier) == "ann")
    #expect(world.hasLogged("ann connected"))
    // Another connection of the same user is the same client.
    Peer(silent: world).login("other", "ann", nil)
    #expect(first.isClosed)
  }

  @Test func `who has no user name to be identified by is refused`() {
    let world = World(policy: { $0.usesUserNameAsClientIdentifier = true })
    let peer = Peer(silent: world)
    peer.login("c", nil, nil)
    #expect(peer.connackReason() == .notAuthorized)
  }

  @Test(arguments: [("sensor-1", true), ("pump-1", true), ("sensor", false), ("x-sensor-1", false)])
  func `client identifiers begin as the listener wants`(identifier: String, isLetIn: Bool) {
    let world = World(policy: { $0.clientIdentifierPrefixes = ["sensor-", "pump-"] })
    let peer = Peer(silent: world)
    peer.login(identifier, nil, nil)
    #expect(peer.connackReason() == (isLetIn ? .success : .notAuthorized))
  }

  @Test func `a certificate's name counts, and what CONNECT says does not`() {
    let world = World(policy: {
      $0.allowsAnonymous = false
      $0.passwords = passwords("ann")
      $0.identity = .tlsIdentity
      $0.usesUserNameAsClientIdentifier = true
    })
    var facts = PeerFacts()
    facts.certificateCommonName = "device-1"
    facts.certificateSubject = "CN=device-1,O=Example"
    let peer = Peer(silent: world, facts: facts)
    peer.login("c", "ann", "wrong")
    #expect(world.checkPasswords() == 0)
    #expect(peer.connackReason() == .success)
    #expect(world.hasLogged("device-1 connected"))
  }

  @Test func `the whole subject of a certificate may be the name`() {
    let world = World(policy: {
      $0.identity = .certificateSubject
      $0.usesUserNameAsClientIdentifier = true
    })
    var facts = PeerFacts()
    facts.certificateCommonName = "device-1"
    facts.certificateSubject = "CN=device-1,O=Example"
    Peer(silent: world, facts: facts).login("c", nil, nil)
    #expect(world.hasLogged("CN=device-1,O=Example connected"))
  }

  @Test func `the identity of a pre-shared key is a name`() {
    let world = World(policy: {
      $0.identity = .tlsIdentity
      $0.usesUserNameAsClientIdentifier = true
    })
    var facts = PeerFacts()
    facts.preSharedKeyIdentity = "meter-9"
    Peer(silent: world, facts: facts).login("c", nil, nil)
    #expect(world.hasLogged("meter-9 connected"))
  }

  @Test func `a handshake without a name is refused`() {
    let world = World(policy: { $0.identity = .tlsIdentity })
    let peer = Peer(silent: world)
    peer.login("c", "ann", "x")
    #expect(peer.connackReason() == .badUserNameOrPassword)
  }
}

@Suite struct DynamicSecurityLoginTests {
  private func accounts() throws -> PasswordFile {
    let hash = try #require(passwords("x").entry(of: "x")?.hash)
    let json = """
      {"clients": [
        {"username": "ann", "clientid": "a", "encoded_password": "\(hash)"},
        {"username": "bob", "encoded_password": "\(hash)", "disabled": true},
        {"username": "cyn", "encoded_password": "\(hash)"}
      ], "groups": [], "roles": []}
      """
    return PasswordFile(try DynamicSecurity(parsing: Array(json.utf8), name: "ds.json"))
  }

  static let logins: [(String, String, ReasonCode)] = [
    ("ann", "a", .success), ("ann", "other", .notAuthorized), ("bob", "b", .notAuthorized),
    ("cyn", "any", .success),
  ]

  @Test(arguments: logins)
  func `accounts are those that are not disabled, some under one client identifier only`(
    userName: String, identifier: String, reason: ReasonCode
  ) throws {
    let accounts = try accounts()
    let world = World(policy: { $0.passwords = accounts })
    let peer = Peer(silent: world)
    peer.login(identifier, userName, "right")
    world.checkPasswords()
    #expect(peer.connackReason() == reason)
  }
}

@Suite struct UnidentifiedTests {
  @Test func `of too many silent connections the one that was silent longest gives way`() {
    let world = World { $0.unidentifiedConnectionLimit = 3 }
    let talker = Peer(world, "talker")
    let silent = (0..<3).map { _ in Peer(silent: world) }
    #expect(!silent[0].isClosed)
    let next = Peer(world, "next")
    #expect(next.connack?.reasonCode == .success)
    #expect(silent.map(\.isClosed) == [true, false, false])
    #expect(!talker.isClosed)
    #expect(world.hasLogged("max-unidentified-connections 3"))
  }

  @Test func `connections of one address are limited, and counted down when they end`() {
    let world = World { $0.connectionsPerAddressLimit = 2 }
    let first = Peer(from: 7, in: world)
    let second = Peer(from: 7, in: world)
    #expect(Peer(from: 7, in: world).connection == .none)
    #expect(Peer(from: 8, in: world).connection != .none)
    #expect(world.hasLogged("max-connections-per-address 2"))
    first.cut()
    second.send(bytes: [0xFF, 0xFF, 0xFF, 0xFF, 0xFF])
    #expect(second.isClosed)
    #expect(Peer(from: 7, in: world).connection != .none)
    #expect(Peer(from: 7, in: world).connection != .none)
    #expect(Peer(from: 7, in: world).connection == .none)
  }

  @Test func `all addresses of one IPv6 network count as one`() {
    #expect(PeerAddress(ipv6: 0x2001_0DB8 << 32, 1) == PeerAddress(ipv6: 0x2001_0DB8 << 32, 99))
    #expect(PeerAddress(ipv6: 0, 0xFFFF_7F00_0001) == PeerAddress(ipv4: 0x7F00_0001))
    #expect(PeerAddress(ipv6: 0, 1) != .none)
  }

  @Test func `a CONNECT that is longer than max-connect-size is refused by its first bytes`() {
    let world = World { $0.connectPacketSizeLimit = 100 }
    let peer = Peer(silent: world)
    peer.send(bytes: [0x10, 0x64])
    #expect(peer.isClosed)
  }

  @Test func `a client that is in sends packets longer than that`() {
    let world = World { $0.connectPacketSizeLimit = 100 }
    let peer = Peer(world, "c")
    peer.publish("t", String(repeating: "x", count: 1000), .atLeastOnce)
    #expect(peer.read().count == 1)
  }
}
