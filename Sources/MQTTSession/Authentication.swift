// Enhanced authentication (4.12) as a hook: a method is asked for an exchange, and the exchange is
// given what the client sends until it says yes or no. Neither end's machine knows any method.
//
//   CONNECT(method, data) --> exchange.receive --> challenge --> AUTH 0x18 --> client
//   AUTH 0x18 (data)      --> exchange.receive --> success   --> CONNACK 0x00 (or AUTH 0x00)
//                                              --> failure   --> CONNACK / DISCONNECT with reason

package import MQTTCodec

/// What the side that checks wants next.
package enum AuthenticationStep: Equatable, Sendable {
  /// Send AUTH 0x18 with this data and wait for the answer.
  case challenge([UInt8])
  /// The peer is who it says; `data` goes with CONNACK or AUTH 0x00, `userName` is its name.
  case success(data: [UInt8]?, userName: String?)
  /// The peer is refused.
  case failure(ReasonCode)
}

/// One exchange with one peer.
package protocol AuthenticationExchange: AnyObject, Sendable {
  /// Takes Authentication Data of CONNECT or AUTH; nil when the packet had none.
  func receive(_ data: [UInt8]?) -> AuthenticationStep
}

/// A method of enhanced authentication, known by the name that clients ask for.
package protocol AuthenticationMethod: Sendable {
  /// The Authentication Method string, as in `SCRAM-SHA-256`.
  var name: String { get }
  /// Begins an exchange.
  func begin() -> any AuthenticationExchange
}
