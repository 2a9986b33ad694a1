// Where bytes come from, on their whole way from TCP to MQTT: one value instead of three.

import MQTTCodec

/// The connection and the direction that bytes belong to, and the frame that brought them.
struct SegmentContext {
  /// The place of the connection in the dissector's table.
  var index: Int
  var direction: Direction
  var stamp: FrameStamp

  /// The same connection and frame, in another direction.
  func inDirection(_ direction: Direction) -> SegmentContext { with(direction, stamp) }

  /// The same connection, in another direction and with an earlier frame.
  func with(_ direction: Direction, _ stamp: FrameStamp) -> SegmentContext {
    SegmentContext(index: index, direction: direction, stamp: stamp)
  }
}
