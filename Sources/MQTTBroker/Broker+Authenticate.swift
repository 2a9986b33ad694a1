// Enhanced authentication (4.12): CONNECT, then AUTH to and fro until the method is content; and
// re-authentication of a client that is already in.

import Basis
import MQTTCodec
import MQTTSession

extension Broker {
  /// Takes a CONNECT that names an authentication method.
  mutating func beginAuthentication(_ connect: Connect, on index: Slot<Connection>)
    throws(Violation)
  {
    let name = connect.properties.string(.authenticationMethod) ?? ""
    guard let method = configuration.authenticationMethods.first(where: { $0.name == name }) else {
      throw Violation(
        .badAuthenticationMethod, "authentication method \"\(name)\" is not known [MQTT-4.12.0-1]")
    }
    let exchange = method.begin()
    let extras = makeExtras(for: index)
    extras.authentication = exchange
    extras.authenticationMethod = name
    extras.waitingConnect = connect
    connections[index].stage = .authenticating
    try take(exchange.receive(connect.properties.binary(.authenticationData)), on: index)
  }

  /// Takes an AUTH of a client that is not in yet.
  mutating func continueAuthentication(_ auth: Auth, on index: Slot<Connection>) throws(Violation) {
    guard auth.reasonCode == .continueAuthentication else {
      throw Violation(
        .protocolError, "AUTH with reason \(auth.reasonCode.rawValue) before CONNACK")
    }
    try checkMethod(of: auth, on: index)
    guard let exchange = connections[index].extras?.authentication else { return }
    try take(exchange.receive(auth.properties.binary(.authenticationData)), on: index)
  }

  /// Takes an AUTH of a client that is in. (4.12.1)
  mutating func authenticated(_ auth: Auth, on index: Slot<Connection>) throws(Violation) {
    try checkMethod(of: auth, on: index)
    let data = auth.properties.binary(.authenticationData)
    switch auth.reasonCode {
    case .reauthenticate:
      let name = auth.properties.string(.authenticationMethod) ?? ""
      guard let method = configuration.authenticationMethods.first(where: { $0.name == name })
      else { throw Violation(.badAuthenticationMethod, "authentication method \"\(name)\"") }
      let exchange = method.begin()
      makeExtras(for: index).authentication = exchange
      try take(exchange.receive(data), on: index)
    case .continueAuthentication:
      guard let exchange = connections[index].extras?.authentication else {
        throw Violation(.protocolError, "AUTH without a running authentication")
      }
      try take(exchange.receive(data), on: index)
    case _:
      throw Violation(.protocolError, "AUTH with reason \(auth.reasonCode.rawValue) from a client")
    }
  }

  /// The method may not change once it was named. [MQTT-4.12.0-5] [MQTT-4.12.1-1]
  private func checkMethod(of auth: Auth, on index: Slot<Connection>) throws(Violation) {
    let name = connections[index].extras?.authenticationMethod
    guard let name else {
      throw Violation(
        .protocolError, "AUTH, but CONNECT named no authentication method [MQTT-4.12.0-6]")
    }
    if auth.properties.string(.authenticationMethod) != name {
      throw Violation(
        .protocolError, "AUTH names another method than CONNECT did [MQTT-4.12.0-5]")
    }
  }

  private mutating func take(_ step: AuthenticationStep, on index: Slot<Connection>)
    throws(Violation)
  {
    guard let extras = connections[index].extras else { return }
    switch step {
    case .challenge(let data):
      try sendAuth(.continueAuthentication, data, on: index)  // [MQTT-4.12.0-2]
    case .failure(let reason):
      throw Violation(reason, "enhanced authentication failed")
    case .success(let data, let userName):
      if connections[index].stage == .connected {
        try sendAuth(.success, data, on: index)
        return
      }
      guard let connect = extras.waitingConnect else { return }
      extras.waitingConnect = nil
      try admit(connect, data: data, userName: userName ?? connect.userName, on: index)
    }
  }

  private mutating func sendAuth(
    _ reason: ReasonCode, _ data: [UInt8]?, on index: Slot<Connection>
  ) throws(Violation) {
    var properties = Properties()
    if let method = connections[index].extras?.authenticationMethod {
      properties.append(.authenticationMethod, .string(method))
    }
    if let data { properties.append(.authenticationData, .binary(data)) }
    let packet = Packet.auth(Auth(reasonCode: reason, properties: properties))
    let limit = connections[index].packetSizeLimit
    if packet.encodedSize(version: .v5) > Int(limit) {
      throw Violation(
        .packetTooLarge,
        "its Maximum Packet Size of \(limit) bytes has no room for AUTH [MQTT-3.1.2-24]")
    }
    send(packet, on: index)
  }
}
