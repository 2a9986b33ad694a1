// Enhanced authentication (4.12) with a method that only the tests know: it asks one question.

import MQTTBroker
import MQTTCodec
import MQTTSession
import Testing

/// Says `name?` and lets in who answers `me`.
private struct QuestionMethod: AuthenticationMethod {
  let name = "QUESTION"

  func begin() -> any AuthenticationExchange { QuestionExchange() }
}

private final class QuestionExchange: AuthenticationExchange {
  func receive(_ data: [UInt8]?) -> AuthenticationStep {
    switch data {
    case nil: .challenge(Array("name?".utf8))
    case Array("me".utf8): .success(data: Array("welcome".utf8), userName: nil)
    case _: .failure(.notAuthorized)
    }
  }
}

struct AuthenticationTests {
  private let method = Property(.authenticationMethod, .string("QUESTION"))

  private func scene() -> Scene { Scene { $0.authenticationMethods = [QuestionMethod()] } }

  private func auth(_ reasonCode: ReasonCode, _ data: String?, method: String = "QUESTION")
    -> Packet
  {
    var properties = Properties([Property(.authenticationMethod, .string(method))])
    if let data { properties.append(.authenticationData, .binary(Array(data.utf8))) }
    return .auth(Auth(reasonCode: reasonCode, properties: properties))
  }

  /// A client that has been asked its question.
  private func questioned(_ scene: Scene) throws -> Peer {
    let client = try scene.open("client")
    client.send(
      .connect(
        Connect(version: .v5, clientIdentifier: "client", properties: Properties([method]))))
    try client.expect(auth(.continueAuthentication, "name?"))
    return client
  }

  private func admitted(_ scene: Scene) throws -> Peer {
    let client = try questioned(scene)
    client.send(auth(.continueAuthentication, "me"))
    guard case .connack(let connack) = try client.next() else { throw CaseError("no CONNACK") }
    client.connack = connack
    return client
  }

  @Test func `the server asks with 0x18 and names the method [MQTT-4.12.0-2] [MQTT-3.15.2-1]`()
    throws
  {
    let scene = scene()
    _ = try questioned(scene)
  }

  @Test func `CONNACK names the method of CONNECT [MQTT-4.12.0-5]`() throws {
    let scene = scene()
    let client = try admitted(scene)
    #expect(client.connack.reasonCode == .success)
    #expect(client.connack.properties.string(.authenticationMethod) == "QUESTION")
    #expect(client.connack.properties.binary(.authenticationData) == Array("welcome".utf8))
    try client.settle()
  }

  @Test func `a wrong answer refuses the connection [MQTT-4.12.0-4]`() throws {
    let scene = scene()
    let client = try questioned(scene)
    client.send(auth(.continueAuthentication, "somebody"))
    try client.expectRefused(.notAuthorized)
  }

  @Test func `an answer with another code than 0x18 is refused [MQTT-4.12.0-3]`() throws {
    let scene = scene()
    let client = try questioned(scene)
    client.send(auth(.reauthenticate, "me"))
    try client.expectRefused(.protocolError)
  }

  @Test func `an answer that names another method is refused [MQTT-4.12.0-5]`() throws {
    let scene = scene()
    let client = try questioned(scene)
    client.send(auth(.continueAuthentication, "me", method: "OTHER"))
    try client.expectRefused(.protocolError)
  }

  @Test func `other packets before CONNACK are refused [MQTT-3.1.2-30]`() throws {
    let scene = scene()
    let client = try questioned(scene)
    client.send(.pingreq)
    try client.expectRefused(.protocolError)
  }

  @Test func `a client authenticates again while it works [MQTT-4.12.1-1]`() throws {
    let scene = scene()
    let client = try admitted(scene)
    client.send(auth(.reauthenticate, nil))
    try client.expect(auth(.continueAuthentication, "name?"))
    try client.subscribe("a")
    client.send(auth(.continueAuthentication, "me"))
    try client.expect(auth(.success, "welcome"))
  }

  @Test func `another method at re-authentication closes the connection [MQTT-4.12.1-1]`() throws {
    let scene = scene()
    let client = try admitted(scene)
    client.send(auth(.reauthenticate, nil, method: "OTHER"))
    try client.expectClosed(.protocolError)
  }

  @Test func `a failed re-authentication closes the connection [MQTT-4.12.1-2]`() throws {
    let scene = scene()
    let client = try admitted(scene)
    client.send(auth(.reauthenticate, "somebody"))
    try client.expectClosed(.notAuthorized)
  }
}
