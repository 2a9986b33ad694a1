// A relay between real clients and a real server that writes down what each side sends, so that a
// test gets a capture of it without asking the kernel for one.

import CaptureSupport
import Foundation
import LiveSupport

/// Notes what passes through it.
final class RecordingRelay: @unchecked Sendable {
  private struct Piece {
    var isToServer: Bool
    var bytes: [UInt8]
  }

  private let listener: TCPListener
  private let target: UInt16
  private let lock = NSLock()
  private var connections: [[Piece]] = []
  private var endedCount = 0
  private var isOver = false

  /// Where clients connect.
  var port: UInt16 { listener.port }

  /// Relays one connection after the other to a port of this machine.
  init(to target: UInt16) throws {
    listener = try TCPListener()
    self.target = target
    let relay = Unmanaged.passRetained(self)
    Thread.detachNewThread {
      let relay = relay.takeRetainedValue()
      while !relay.lock.withLock({ relay.isOver }) {
        guard let client = try? relay.listener.accept(within: 0.2) else { continue }
        guard let server = try? TCPConnection(port: relay.target) else { continue }
        relay.lock.withLock { relay.connections.append([]) }
        relay.pump(client, server)
        relay.lock.withLock { relay.endedCount += 1 }
      }
    }
  }

  private func pump(_ client: TCPConnection, _ server: TCPConnection) {
    while !lock.withLock({ isOver }) {
      for isToServer in [true, false] {
        let (source, target) = isToServer ? (client, server) : (server, client)
        switch source.receive(within: 0.002) {
        case .nothing: continue
        case .end: return
        case .bytes(let bytes):
          lock.withLock {
            connections[connections.count - 1].append(
              Piece(isToServer: isToServer, bytes: bytes))
          }
          target.send(bytes)
        }
      }
    }
  }

  /// What has passed, as frames, once `count` connections have ended.
  func conversations(_ count: Int, start: Conversation = Conversation()) throws -> [Conversation] {
    let isDone = poll(30) { lock.withLock { endedCount >= count } }
    lock.withLock { isOver = true }
    if !isDone { throw ProgramError("\(count) connections did not end") }
    return lock.withLock { connections }.enumerated().map { index, pieces in
      var talk = start
      talk.clientPort = 40_000 + index
      talk.open()
      for piece in pieces {
        if piece.isToServer { talk.toServer(piece.bytes) } else { talk.toClient(piece.bytes) }
      }
      talk.close()
      return talk
    }
  }
}
