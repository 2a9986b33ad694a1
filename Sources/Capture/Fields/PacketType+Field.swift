// How a packet type stands among the fields.

import MQTTCodec

extension PacketType {
  /// What Wireshark calls it.
  var descriptionOfWireshark: String {
    switch self {
    case .connect: "Connect Command"
    case .connack: "Connect Ack"
    case .publish: "Publish Message"
    case .puback: "Publish Ack"
    case .pubrec: "Publish Received"
    case .pubrel: "Publish Release"
    case .pubcomp: "Publish Complete"
    case .subscribe: "Subscribe Request"
    case .suback: "Subscribe Ack"
    case .unsubscribe: "Unsubscribe Request"
    case .unsuback: "Unsubscribe Ack"
    case .pingreq: "Ping Request"
    case .pingresp: "Ping Response"
    case .disconnect: "Disconnect Req"
    case .auth: "Authentication Exchange"
    }
  }
}
