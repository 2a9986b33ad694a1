// A broker that does not know MQTT 5: a relay that refuses CONNECT of version 5 as such brokers do
// and passes everything else on to one that runs.

import Foundation
import LiveSupport
import Synchronization

final class OldVersionRelay: Sendable {
  private let listener: TCPListener
  private let broker: UInt16
  private let offered = Mutex<[UInt8]>([])

  init(to broker: UInt16) throws {
    listener = try TCPListener()
    self.broker = broker
    listener.serveEach { [self] in relay($0) }
  }

  var port: UInt16 { listener.port }

  /// The protocol levels of all CONNECTs, in order.
  var levels: [UInt8] { offered.withLock { $0 } }

  private func relay(_ client: TCPConnection) {
    // The fixed header of a short packet, then the protocol name with its length.
    guard case .bytes(let connect) = client.receive(within: 20), connect.count > 8 else { return }
    let level = connect[8]
    offered.withLock { $0.append(level) }
    if level == 5 {
      client.send([0x20, 2, 0, 1])
      return client.close()
    }
    guard let server = try? TCPConnection(port: broker) else { return }
    server.send(connect)
    while true {
      for (source, sink) in [(client, server), (server, client)] {
        switch source.receive(within: 0.002) {
        case .bytes(let bytes): sink.send(bytes)
        case .end:
          client.close()
          return server.close()
        case .nothing: break
        }
      }
    }
  }
}
