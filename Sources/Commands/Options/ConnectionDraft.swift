// The connection's options while they are being gathered, and the decisions that can only be made
// when all of them are known.

import MQTTCodec
import Text

/// Options of a connection in the making.
struct ConnectionDraft: Sendable {
  var options = ConnectionOptions()
  var port: UInt16?
  var version: VersionChoice?
  var will = Will(topic: "", payload: [])
  var hasWillDetail: String?
  var tls = TLSOptions()
  /// What turned TLS on: the spelling of an option or of the URL's scheme.
  var tlsCause: String?
  /// Options that say how TLS is done but do not turn it on.
  var tlsDetails: [String] = []
  var forbidsTLS = false
  var webSocket = WebSocketOptions()
  var usesWebSocket = false
  var propertyCause: String?
  var topicOfURL: String?
  var hasInFlightLimit = false
  /// Bytes that are put behind the client identifier to tell several clients apart.
  var suffixByteCount = 0
  /// Digits of the largest process identifier of Linux.
  private static let processIdentifierByteCount = 7

  /// Takes the words of `-D` as far as they concern the connection; answers the argument.
  mutating func take(_ argument: PropertyArgument) throws(ValueFault) {
    propertyCause = "-D \(argument.packet.rawValue)"
    switch argument.packet {
    case .connect:
      if argument.property.identifier == .sessionExpiryInterval,
        case .fourByteInteger(let seconds) = argument.property.value
      {
        options.sessionExpirySeconds = seconds
      } else {
        try argument.add(to: &options.connectProperties)
      }
    case .disconnect: try argument.add(to: &options.disconnectProperties)
    case .will:
      hasWillDetail = "-D will"
      try argument.add(to: &will.properties)
    case .publish, .subscribe, .unsubscribe: break
    }
  }

  /// The connection that was asked for, and what its user should know about it.
  func finished() throws(UsageError) -> (options: ConnectionOptions, warnings: [String]) {
    var result = options
    if result.clientIdentifier != nil, result.clientIdentifierPrefix != nil {
      throw UsageError("-I", "cannot be used together with -i", example: "-i thermometer-1")
    }
    try checkLengths()
    try finishVersionAndSession(&result)
    if will.topic.isEmpty {
      if let hasWillDetail {
        throw UsageError(
          hasWillDetail, "needs --will-topic as well",
          example: "--will-topic status/thermometer-1 --will-payload gone")
      }
    } else {
      result.will = will
      try Self.check(payload: will.payload, will.properties, "--will-payload")
    }
    if result.password != nil, result.userName == nil,
      version == .exactly(.v31)
        || version == .exactly(.v311)
    {
      // [MQTT311-3.1.2-22]
      throw UsageError("-P", "needs -u as well before MQTT 5", example: "-u maria -P secret")
    }
    if usesWebSocket { result.webSocket = webSocket }
    let warnings = try finishTLS(&result)
    return (result, warnings)
  }

  /// Refuses what is longer than its length in CONNECT can say, wherever it was given.
  private func checkLengths() throws(UsageError) {
    let limit = ConnectionOptions.stringByteLimit
    if let identifier = options.clientIdentifier, identifier.utf8.count > limit - suffixByteCount {
      throw UsageError(
        "-i", "expected at most \(limit - suffixByteCount) bytes", example: "-i thermometer-1")
    }
    let prefixLimit = limit - suffixByteCount - Self.processIdentifierByteCount
    if let prefix = options.clientIdentifierPrefix, prefix.utf8.count > prefixLimit {
      throw UsageError(
        "-I", "expected at most \(prefixLimit) bytes before the process id",
        example: "-I thermometer-")
    }
    if let userName = options.userName, userName.utf8.count > limit {
      throw UsageError("-u", "expected a user name of at most \(limit) bytes", example: "-u maria")
    }
    if case .given(let password) = options.password, password.count > limit {
      throw UsageError("-P", "expected a password of at most \(limit) bytes", example: "-P secret")
    }
  }

  /// Refuses a payload that is not the text which its properties say it is (3.3.2.3.2).
  static func check(
    payload: [UInt8], _ properties: Properties, _ option: String
  ) throws(UsageError) {
    if properties.number(.payloadFormatIndicator) == 1,
      String(validating: payload, as: UTF8.self) == nil
    {
      throw UsageError(
        option, "expected text in UTF-8, because payload-format-indicator is 1")
    }
  }

  private func finishVersionAndSession(_ result: inout ConnectionOptions) throws(UsageError) {
    if let propertyCause {
      guard version == nil || version == .auto || version == .exactly(.v5) else {
        throw UsageError(
          propertyCause, "properties exist in MQTT 5 only, and -V asks for another version",
          example: "-V 5")
      }
      result.version = .exactly(.v5)
    } else {
      result.version = version ?? .auto
    }
    if !result.cleanStart, result.sessionExpirySeconds == nil { result.sessionExpirySeconds = .max }
    if result.clientIdentifier ?? "" == "" {
      let isOld = result.version == .exactly(.v31) || result.version == .exactly(.v311)
      let lasts = isOld ? !result.cleanStart : result.sessionExpirySeconds == .max
      if lasts {
        throw UsageError(
          result.cleanStart ? "-x" : "-c",
          "a session that does not end needs a client identifier by which it is found again",
          example: "-c -i thermometer-1")
      }
    }
  }

  private func finishTLS(_ result: inout ConnectionOptions) throws(UsageError) -> [String] {
    var cause = tlsCause
    if cause == nil, port == 8883 { cause = "port 8883" }
    if forbidsTLS { cause = nil }
    if usesWebSocket {
      result.port = port ?? (cause == nil ? 80 : 443)
    } else {
      result.port = port ?? (cause == nil ? 1883 : 8883)
    }
    if cause == nil {
      return tlsDetails.map { "\($0) has no effect on a connection without TLS; add --tls" }
    }
    var tls = tls
    if (tls.certificateFile == nil) != (tls.keyFile == nil) {
      throw UsageError(
        tls.keyFile == nil ? "--cert" : "--key",
        "a certificate and its key are needed together",
        example: "--cert client.crt --key client.key")
    }
    if (tls.preSharedKey == nil) != (tls.preSharedKeyIdentity == nil) {
      throw UsageError(
        tls.preSharedKey == nil ? "--psk-identity" : "--psk",
        "a key and its identity are needed together", example: "--psk 1a2b3c --psk-identity ann")
    }
    if tls.preSharedKey != nil, tls.caFile != nil || tls.caDirectory != nil {
      throw UsageError("--psk", "cannot be used together with --cafile or --capath")
    }
    if tls.caFile == nil, tls.caDirectory == nil, tls.preSharedKey == nil {
      tls.usesSystemCertificates = true
    }
    result.tls = tls
    return []
  }
}
