// What one reading of WebSocket frames brings.

import Basis
import WebSocket

/// What comes out of a direction.
struct WebSocketOutput: ~Copyable {
  /// Payload of data frames, without masks.
  var payload = ByteBuffer()
  var events: [WebSocketEvent] = []
  /// Bytes are missing in front of `payload`; whether the count is exact.
  var missing: (count: Int, isExact: Bool)?
}
