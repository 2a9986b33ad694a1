// Whether the first record of a TLS client lies in the socket. It is looked at and not taken, so that
// nothing of ours has to hold it until it is complete.

import Glibc

/// What a socket holds of the first record that a client sends.
enum FirstRecord {
  /// Nothing has come.
  case nothing
  /// A part of a record of the handshake.
  case begun
  /// A record of the handshake and what may follow it.
  case complete
  /// Something else, or an end; the session will find out.
  case foreign

  private static let headerBytes = 5
  /// Most bytes of a record that is not encrypted, with its header (RFC 8446, 5.1).
  static let limitBytes = headerBytes + (1 << 14)
  private static let handshake: UInt8 = 22

  /// Looks at what lies in the socket, into `room` of ``limitBytes``.
  init(lookingAt descriptor: Int32, _ room: UnsafeMutableRawBufferPointer) {
    let count = retryingInterrupted {
      recv(descriptor, room.baseAddress, room.count, Int32(MSG_PEEK) | Int32(MSG_DONTWAIT))
    }
    if count < 0, errno == EAGAIN {
      self = .nothing
    } else if count <= 0 || room[0] != Self.handshake {
      self = .foreign
    } else if count < Self.headerBytes {
      self = .begun
    } else {
      let length = Int(room[3]) << 8 | Int(room[4])
      if Self.headerBytes + length > Self.limitBytes {
        self = .foreign
      } else {
        self = count < Self.headerBytes + length ? .begun : .complete
      }
    }
  }
}
