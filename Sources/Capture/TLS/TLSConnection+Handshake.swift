// The messages of the handshake that can be read: who the ends are, what they have chosen, and when
// the keys change.

import Basis
import MQTTCodec

extension TLSConnection {
  func takeMessages(_ direction: Direction, _ output: inout [TLSOutput]) {
    let messages = self[direction].messages
    var position = 0
    while messages.count - position >= 4 {
      let body = position + 4
      let length = TLSCursor.number(messages[position + 1..<body])
      if length > Self.messageLimit {
        return hide("a handshake message of \(length) bytes is more than is believed", &output)
      }
      if messages.count - body < length { break }
      position = body + length
      takeMessage(messages[body - 4], messages[body..<position], direction, &output)
      if self[direction].isEnded { return }
    }
    if position > 0 { self[direction].messages = Array(messages[position...]) }
  }

  private func takeMessage(
    _ type: UInt8, _ body: ArraySlice<UInt8>, _ direction: Direction, _ output: inout [TLSOutput]
  ) {
    let isVersion13 = hello.map { $0.version >= 0x0304 } ?? false
    switch type {
    case 1:
      guard direction == .toServer, let offer = TLSClientHello(body) else { return }
      clientRandom = offer.random
      facts.serverName = offer.serverName
      facts.offeredProtocols = offer.protocols
      offersEarlyData = offer.offersEarlyData
      output.append(.event(.clientHello))
    case 2:
      guard direction == .toClient, let choice = TLSServerHello(body), !choice.isRetry else {
        return
      }
      choose(choice, &output)
    case 11:
      let names = TLSCertificates.subjects(body, isVersion13: isVersion13)
      if direction == .toClient {
        facts.serverCertificates = names
      } else {
        facts.clientCertificates = names
      }
      if !names.isEmpty { output.append(.event(.certificates(direction, names))) }
    case 20:
      guard isVersion13, let cipher = hello.flatMap({ TLSCipherSuite.of($0.suite)?.cipher }) else {
        return
      }
      let secret = direction == .toServer ? secrets?.clientTraffic : secrets?.serverTraffic
      self[direction].keys = secret.flatMap { schedule?.keys($0, cipher) }
    case 24:
      guard isVersion13, let keys = self[direction].keys, let schedule else { return }
      self[direction].keys = schedule.keys(schedule.next(keys.secret), keys.cipher)
    default: return
    }
  }

  /// The server has chosen version and suite: with them and the secrets come the keys.
  private func choose(_ choice: TLSServerHello, _ output: inout [TLSOutput]) {
    hello = choice
    facts.version = TLSServerHello.name(version: choice.version)
    facts.cipherSuite = TLSCipherSuite.name(choice.suite)
    output.append(.event(.serverHello))
    secrets = clientRandom.flatMap { shared.keyLog.secrets(of: $0) }
    let isVersion13 = choice.version >= 0x0304
    if isVersion13 {
      client.isEncrypted = true
      server.isEncrypted = true
    }
    if let services, let suite = TLSCipherSuite.of(choice.suite), let clientRandom {
      let schedule = TLSKeySchedule(services: services, hash: suite.hash)
      self.schedule = schedule
      if isVersion13 {
        client.keys = secrets?.clientHandshake.map { schedule.keys($0, suite.cipher) }
        server.keys = secrets?.serverHandshake.map { schedule.keys($0, suite.cipher) }
      } else if choice.version == 0x0303, let master = secrets?.master {
        (client.pendingKeys, server.pendingKeys) = schedule.keys(
          master: master, clientRandom: clientRandom, serverRandom: choice.random, suite,
          encryptsThenAuthenticates: choice.encryptsThenAuthenticates)
      }
    }
    if !client.partial.isEmpty { drain(.toServer, &output) }
  }
}
