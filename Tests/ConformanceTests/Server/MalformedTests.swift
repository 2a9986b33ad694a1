// The corpus of the codec, sent by clients that are connected: whatever is malformed or forbidden
// ends that connection with the reason that the corpus names, and no other.

import MQTTCodec
import TestSupport
import Testing

struct MalformedTests {
  @Test(arguments: World.allCases, ProtocolVersion.allCases)
  func `a packet that the codec refuses ends its own connection only`(
    world: World, version: ProtocolVersion
  ) throws {
    let scene = try Scene(world)
    let bystander = try scene.connect("bystander", version)
    var count = 0
    for vector in try PacketVector.all()
    where vector.version == version && vector.direction == .toServer && vector.file != "CONNECT" {
      guard case .error(let reasonCode, _, _, _) = vector.expectation else { continue }
      count += 1
      let client = try scene.connect("client \(count): \(vector)", version)
      client.send(bytes: vector.bytes)
      try client.expectClosed(ReasonCode(rawValue: reasonCode))
    }
    #expect(count > 30)
    bystander.send(.pingreq)
    try bystander.expect(.pingresp)
  }
}
