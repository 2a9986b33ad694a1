// A server of a test: each connection is served on a thread of its own.

import Foundation
import LiveSupport

extension TCPListener {
  /// Serves every connection until none comes for two minutes.
  func serveEach(_ serve: @escaping @Sendable (TCPConnection) -> Void) {
    let thread = Thread {
      while let connection = try? self.accept(within: 120) {
        let box = Box(connection)
        Thread { serve(box.connection) }.start()
      }
    }
    thread.start()
  }
}

private struct Box: @unchecked Sendable {
  let connection: TCPConnection

  init(_ connection: TCPConnection) { self.connection = connection }
}
