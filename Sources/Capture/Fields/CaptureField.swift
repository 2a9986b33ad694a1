// Fields by Wireshark's names, so that scripts written for tshark move over unchanged. What each of
// them is can be read in Wireshark's display filter reference; how they are filled stands in
// FieldWalk.swift (packets) and FieldColumns+Frame.swift (frames and connections).

/// A field that `-T fields` can show.
package enum CaptureField: UInt8, CaseIterable, Sendable {
  case frameNumber
  case frameTime
  case frameTimeEpoch
  case frameTimeRelative
  case frameTimeDelta
  case frameLength
  case frameCapturedLength
  case ethernetSource
  case ethernetDestination
  case ipVersion
  case ipSource
  case ipDestination
  case ipAddress
  case ipv6Source
  case ipv6Destination
  case ipv6Address
  case tcpStream
  case tcpSourcePort
  case tcpDestinationPort
  case tcpPort
  case tcpLength
  case tcpSequence
  case tcpNextSequence
  case tcpAcknowledged
  case tcpFlags
  case tcpFlagFIN
  case tcpFlagSYN
  case tcpFlagRST
  case tcpFlagPSH
  case tcpFlagACK
  case tcpFlagURG
  case mqtt
  case headerFlags
  case messageType
  case headerReserved
  case retainReserved
  case duplicate
  case qos
  case retain
  case length
  case connackFlags
  case connackReserved
  case sessionPresent
  case returnCode
  case messageIdentifier
  case requestedQoS
  case grantedQoS
  case topicLength
  case topic
  case willTopicLength
  case willTopic
  case willMessage
  case willMessageText
  case willMessageLength
  case userNameLength
  case userName
  case passwordLength
  case password
  case message
  case messageText
  case messageDecodedAs
  case protocolNameLength
  case protocolName
  case clientIdentifierLength
  case clientIdentifier
  case version
  case connectFlags
  case hasUserName
  case hasPassword
  case willRetain
  case willQoS
  case hasWill
  case cleanSession
  case connectReserved
  case keepAlive
  case subscriptionOptions
  case subscriptionQoS
  case noLocal
  case retainAsPublished
  case retainHandling
  case subscriptionReserved
  case connackReason
  case pubackReason
  case pubrecReason
  case pubrelReason
  case pubcompReason
  case subackReason
  case unsubackReason
  case disconnectReason
  case authReason
  case properties
  case willProperties
  case propertyLength
  case propertyIdentifier
  case propertyNumber
  case contentType
  case maximumQoS
  case topicAlias
  case unknownProperty
  case propertyStringLength
  case propertyString
  case propertyKeyLength
  case propertyKey
  case propertyValueLength
  case propertyValue
  case illegalTopicLength
  case unknownVersion
  case unknownTopicAlias

  /// How values are written.
  package enum Kind: Sendable {
    case number
    /// A number as `0x0b`.
    case hexadecimal
    case text
    /// 1 or 0.
    case truth
  }

  /// Wireshark's name.
  package var name: String {
    switch self {
    case .frameNumber: "frame.number"
    case .frameTime: "frame.time"
    case .frameTimeEpoch: "frame.time_epoch"
    case .frameTimeRelative: "frame.time_relative"
    case .frameTimeDelta: "frame.time_delta"
    case .frameLength: "frame.len"
    case .frameCapturedLength: "frame.cap_len"
    case .ethernetSource: "eth.src"
    case .ethernetDestination: "eth.dst"
    case .ipVersion: "ip.version"
    case .ipSource: "ip.src"
    case .ipDestination: "ip.dst"
    case .ipAddress: "ip.addr"
    case .ipv6Source: "ipv6.src"
    case .ipv6Destination: "ipv6.dst"
    case .ipv6Address: "ipv6.addr"
    case .tcpStream: "tcp.stream"
    case .tcpSourcePort: "tcp.srcport"
    case .tcpDestinationPort: "tcp.dstport"
    case .tcpPort: "tcp.port"
    case .tcpLength: "tcp.len"
    case .tcpSequence: "tcp.seq"
    case .tcpNextSequence: "tcp.nxtseq"
    case .tcpAcknowledged: "tcp.ack"
    case .tcpFlags: "tcp.flags"
    case .tcpFlagFIN: "tcp.flags.fin"
    case .tcpFlagSYN: "tcp.flags.syn"
    case .tcpFlagRST: "tcp.flags.reset"
    case .tcpFlagPSH: "tcp.flags.push"
    case .tcpFlagACK: "tcp.flags.ack"
    case .tcpFlagURG: "tcp.flags.urg"
    case .mqtt: "mqtt"
    case .headerFlags: "mqtt.hdrflags"
    case .messageType: "mqtt.msgtype"
    case .headerReserved: "mqtt.hdr_reserved"
    case .retainReserved: "mqtt.retain_reserved"
    case .duplicate: "mqtt.dupflag"
    case .qos: "mqtt.qos"
    case .retain: "mqtt.retain"
    case .length: "mqtt.len"
    case .connackFlags: "mqtt.conack.flags"
    case .connackReserved: "mqtt.conack.flags.reserved"
    case .sessionPresent: "mqtt.conack.flags.sp"
    case .returnCode: "mqtt.conack.val"
    case .messageIdentifier: "mqtt.msgid"
    case .requestedQoS: "mqtt.sub.qos"
    case .grantedQoS: "mqtt.suback.qos"
    case .topicLength: "mqtt.topic_len"
    case .topic: "mqtt.topic"
    case .willTopicLength: "mqtt.willtopic_len"
    case .willTopic: "mqtt.willtopic"
    case .willMessage: "mqtt.willmsg"
    case .willMessageText: "mqtt.willmsg_text"
    case .willMessageLength: "mqtt.willmsg_len"
    case .userNameLength: "mqtt.username_len"
    case .userName: "mqtt.username"
    case .passwordLength: "mqtt.passwd_len"
    case .password: "mqtt.passwd"
    case .message: "mqtt.msg"
    case .messageText: "mqtt.msg_text"
    case .messageDecodedAs: "mqtt.msg_decoded_as"
    case .protocolNameLength: "mqtt.proto_len"
    case .protocolName: "mqtt.protoname"
    case .clientIdentifierLength: "mqtt.clientid_len"
    case .clientIdentifier: "mqtt.clientid"
    case .version: "mqtt.ver"
    case .connectFlags: "mqtt.conflags"
    case .hasUserName: "mqtt.conflag.uname"
    case .hasPassword: "mqtt.conflag.passwd"
    case .willRetain: "mqtt.conflag.retain"
    case .willQoS: "mqtt.conflag.qos"
    case .hasWill: "mqtt.conflag.willflag"
    case .cleanSession: "mqtt.conflag.cleansess"
    case .connectReserved: "mqtt.conflag.reserved"
    case .keepAlive: "mqtt.kalive"
    case .subscriptionOptions: "mqtt.subscription_options"
    case .subscriptionQoS: "mqtt.subscription_options_qos"
    case .noLocal: "mqtt.subscription_options_nl"
    case .retainAsPublished: "mqtt.subscription_options_rap"
    case .retainHandling: "mqtt.subscription_options_retain"
    case .subscriptionReserved: "mqtt.subscription_options_reserved"
    case .connackReason: "mqtt.connack.reason_code"
    case .pubackReason: "mqtt.puback.reason_code"
    case .pubrecReason: "mqtt.pubrec.reason_code"
    case .pubrelReason: "mqtt.pubrel.reason_code"
    case .pubcompReason: "mqtt.pubcomp.reason_code"
    case .subackReason: "mqtt.suback.reason_code"
    case .unsubackReason: "mqtt.unsuback.reason_code"
    case .disconnectReason: "mqtt.disconnect.reason_code"
    case .authReason: "mqtt.auth.reason_code"
    case .properties: "mqtt.properties"
    case .willProperties: "mqtt.will_properties"
    case .propertyLength: "mqtt.property_len"
    case .propertyIdentifier: "mqtt.property_id"
    case .propertyNumber: "mqtt.prop_number"
    case .contentType: "mqtt.property.content_type"
    case .maximumQoS: "mqtt.property.max_qos"
    case .topicAlias: "mqtt.property.topic_alias"
    case .unknownProperty: "mqtt.prop_unknown"
    case .propertyStringLength: "mqtt.prop_string_len"
    case .propertyString: "mqtt.prop_string"
    case .propertyKeyLength: "mqtt.prop_key_len"
    case .propertyKey: "mqtt.prop_key"
    case .propertyValueLength: "mqtt.prop_value_len"
    case .propertyValue: "mqtt.prop_value"
    case .illegalTopicLength: "mqtt.illegal_topic_length"
    case .unknownVersion: "mqtt.unknown_version"
    case .unknownTopicAlias: "mqtt.unknown_topic_alias"
    }
  }

  /// How its values are written.
  package var kind: Kind {
    switch self {
    case .frameNumber, .frameTimeEpoch, .frameTimeRelative, .frameTimeDelta, .frameLength,
      .frameCapturedLength, .ipVersion, .tcpStream, .tcpSourcePort, .tcpDestinationPort,
      .tcpPort, .tcpLength, .tcpSequence, .tcpNextSequence, .tcpAcknowledged, .messageType,
      .headerReserved, .retainReserved, .qos, .length, .returnCode, .messageIdentifier,
      .requestedQoS, .grantedQoS, .topicLength, .willTopicLength, .willMessageLength,
      .userNameLength, .passwordLength, .protocolNameLength, .clientIdentifierLength,
      .version, .willQoS, .keepAlive, .subscriptionQoS, .retainHandling, .connackReason,
      .pubackReason, .pubrecReason, .pubrelReason, .pubcompReason, .subackReason,
      .unsubackReason, .disconnectReason, .authReason, .propertyLength, .propertyNumber,
      .maximumQoS, .topicAlias, .propertyStringLength, .propertyKeyLength,
      .propertyValueLength:
      .number
    case .tcpFlags, .headerFlags, .connackFlags, .connectFlags, .subscriptionOptions,
      .subscriptionReserved, .propertyIdentifier:
      .hexadecimal
    case .frameTime, .ethernetSource, .ethernetDestination, .ipSource, .ipDestination,
      .ipAddress, .ipv6Source, .ipv6Destination, .ipv6Address, .mqtt, .topic, .willTopic,
      .willMessage, .willMessageText, .userName, .password, .message, .messageText,
      .messageDecodedAs, .protocolName, .clientIdentifier, .contentType, .unknownProperty,
      .propertyString, .propertyKey, .propertyValue:
      .text
    case .tcpFlagFIN, .tcpFlagSYN, .tcpFlagRST, .tcpFlagPSH, .tcpFlagACK, .tcpFlagURG,
      .duplicate, .retain, .connackReserved, .sessionPresent, .hasUserName, .hasPassword,
      .willRetain, .hasWill, .cleanSession, .connectReserved, .noLocal, .retainAsPublished,
      .properties, .willProperties, .illegalTopicLength, .unknownVersion, .unknownTopicAlias:
      .truth
    }
  }

  /// Whether the frame has it, and not each packet in the frame.
  var isOfFrame: Bool { rawValue < CaptureField.mqtt.rawValue }

  /// The field of this name; nil when there is none.
  package static func named(_ name: String) -> CaptureField? {
    allCases.first { $0.name == name }
  }
}
