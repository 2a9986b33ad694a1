// Wills: armed by CONNECT, published when the connection ends otherwise than by DISCONNECT. (3.1.2.5)

import Basis
import MQTTCodec
import MQTTSession

extension Broker {
  /// Arms the will of a CONNECT. [MQTT-3.1.2-7]
  mutating func arm(_ will: Will?, _ session: Slot<Session>) {
    sessions[session].will = will.map { ArmedWill($0) }
  }

  /// Publishes the will of a session, once. [MQTT-3.1.2-8] [MQTT-3.1.2-10]
  mutating func publishWill(of session: Slot<Session>) {
    guard let armed = sessions[session].will else { return }
    sessions[session].will = nil
    recordWill(session)
    let will = armed.content
    let topic = will.topic
    let name = String(decoding: topic, as: UTF8.self)
    if let reason = Self.reason(againstPublishing: topic.span) {
      return note(
        .notice,
        "\(sessions[session].clientIdentifier): its will to \"\(name)\" is not published: "
          + reason)
    }
    if gate.isControlled && !mayPublish(session, topic.span) { return }
    note(
      .information,
      "\(sessions[session].clientIdentifier): its will is published to \"\(name)\"")
    let properties = will.properties
    let payload = will.payload
    let terms = PublicationTerms(
      qos: will.qos, isRetained: will.isRetained, expirySeconds: will.expirySeconds,
      publisher: session)
    distribute(terms, topic: topic.span, properties: properties.span, payload: payload.span)
  }
}
