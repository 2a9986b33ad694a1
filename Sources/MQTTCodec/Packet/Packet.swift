// The fifteen packets as one enum, and what the codec promises about all of them. Each packet has
// a file of its own with its value, its decoding and its encoding, for all versions.
//
// A PUBLISH in flight through a broker is never made into one of these values: it is decoded as a
// ``PublishView``, a set of offsets into the bytes that were read.

/// Any control packet (2.1.2), as a value that owns its parts.
package enum Packet: Equatable, Sendable {
  case connect(Connect)
  case connack(Connack)
  case publish(Publish)
  case puback(Acknowledgement)
  case pubrec(Acknowledgement)
  case pubrel(Acknowledgement)
  case pubcomp(Acknowledgement)
  case subscribe(Subscribe)
  case suback(Suback)
  case unsubscribe(Unsubscribe)
  case unsuback(Unsuback)
  case pingreq
  case pingresp
  case disconnect(Disconnect)
  case auth(Auth)
}
