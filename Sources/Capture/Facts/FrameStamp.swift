// When something was seen: the frame, its time, and what link and TCP said of it, as far as fields
// by Wireshark's names ask for it. Small and without references, for every packet carries one.

/// The frame in which something was seen.
package struct FrameStamp: Equatable, Sendable {
  /// Counted from 1.
  package var frame: Int
  /// Unix time; nil when the file has none.
  package var timeNanoseconds: Int64?
  /// Time since the first frame of the capture, whatever that was about.
  package var elapsedNanoseconds: Int64 = 0
  /// Time since the frame before, whatever that was about.
  package var deltaNanoseconds: Int64 = 0
  /// Bytes of the frame on the wire, and how many of them were captured.
  package var length = 0
  package var capturedLength = 0
  /// The addresses of Ethernet, in the low 48 bits; nil on other links.
  package var hardwareSource: UInt64?
  package var hardwareDestination: UInt64?
  /// TCP's sequence and acknowledgement number, counted from the connection's first byte, which is 1
  /// (SYN is 0).
  package var sequence: UInt32 = 0
  package var acknowledged: UInt32 = 0
  /// TCP's flags: FIN 1, SYN 2, RST 4, PSH 8, ACK 16, URG 32.
  package var flags: UInt8 = 0
  /// TCP's payload on the wire.
  package var payloadLength = 0
}
