// From what the user asked for to what a client session and its endpoint want to know.

import Basis
import Commands
import Glibc
import MQTTClient
import MQTTCodec
import MQTTSession
import Settings
import Transport
import WebSocket

/// Why a client cannot even begin, in words without a full stop.
struct StartFailure: Error, CustomStringConvertible {
  var description: String
  /// Whether it is over once a server is there.
  var mayPass = false
  /// What the command ends with.
  var status = ExitStatus.failure
}

extension ConnectionOptions {
  /// Seconds that a session which nobody asked to keep outlives a lost connection, so that it can
  /// be taken up again where it was; the good-bye ends it.
  static let reconnectExpirySeconds: UInt32 = 3600

  /// The same for one of several clients, which have identifiers of their own.
  func ofClient(_ number: Int, among count: Int) -> ConnectionOptions {
    var options = self
    if let clientIdentifierPrefix {
      options.clientIdentifier = "\(clientIdentifierPrefix)\(getpid())"
      options.clientIdentifierPrefix = nil
    }
    if count > 1, let identifier = options.clientIdentifier, !identifier.isEmpty {
      options.clientIdentifier = "\(identifier)-\(number)"
    }
    return options
  }

  /// The settings of the session; reads the password, which may ask for it on the terminal.
  ///
  /// With `keepsSession` a session of 5.0 outlives a lost connection even if it was not asked to.
  func settings(keepsSession: Bool) throws(StartFailure) -> ClientSettings {
    var settings = ClientSettings()
    settings.versions =
      switch version {
      case .auto: .automatic
      case .exactly(let version): .only(version)
      }
    if let clientIdentifierPrefix {
      settings.clientIdentifier = "\(clientIdentifierPrefix)\(getpid())"
    } else {
      settings.clientIdentifier = clientIdentifier ?? ""
    }
    settings.cleanStart = cleanStart
    settings.keepAliveSeconds = keepAliveSeconds
    settings.will = will
    settings.userName = userName
    settings.password = try passwordBytes()
    settings.connectProperties = connectProperties
    if let seconds = sessionExpirySeconds {
      settings.connectProperties.append(.sessionExpiryInterval, .fourByteInteger(seconds))
    } else if keepsSession {
      settings.connectProperties.append(
        .sessionExpiryInterval, .fourByteInteger(Self.reconnectExpirySeconds))
    }
    if settings.clientIdentifier.isEmpty {
      settings.generatedIdentifier = Self.generatedIdentifier()
    }
    settings.sendWindow = inFlightLimit
    settings.tracesPackets = isDebug && !isQuiet
    return settings
  }

  /// The properties of DISCONNECT; a session that was kept only for reconnecting ends with it.
  func farewellProperties(keepsSession: Bool) -> Properties {
    var properties = disconnectProperties
    if keepsSession && sessionExpirySeconds == nil
      && properties[.sessionExpiryInterval] == nil
    {
      properties.append(.sessionExpiryInterval, .fourByteInteger(0))
    }
    return properties
  }

  /// Where to connect; makes the TLS context, which reads its files.
  func endpoint() throws(StartFailure) -> Endpoint {
    var endpoint = Endpoint(host: host, port: port)
    endpoint.unixPath = unixPath
    if let bindAddress {
      do throws(AddressLookupError) {
        endpoint.localAddress = try AddressLookup.addresses(of: bindAddress, port: 0).first
      } catch {
        throw StartFailure(description: "cannot connect from \(bindAddress): \(error.reason)")
      }
    }
    if let tls {
      do throws(TLSFailure) {
        endpoint.tls = try TLSContext.client(try tls.settings(host: host, isUnix: unixPath != nil))
      } catch {
        throw StartFailure(description: "\(error)")
      }
      endpoint.serverName = tls.serverName
    }
    if let proxy {
      var way = Endpoint.Proxy(host: proxy.host, port: proxy.port)
      way.userName = proxy.userName
      way.password = proxy.password
      endpoint.proxy = way
    }
    if let webSocket {
      let usual: UInt16 = tls == nil ? 80 : 443
      let name = host.contains(":") && !host.hasPrefix("[") ? "[\(host)]" : host
      var request = WebSocketRequest(
        host: port == usual ? name : "\(name):\(port)", path: webSocket.path)
      request.headers = webSocket.headers
      endpoint.webSocket = request
    }
    return endpoint
  }

  /// `mqtt-` and 18 letters and digits: 23 characters, which every server takes. [MQTT-3.1.3-5]
  static func generatedIdentifier() -> String {
    let letters = Array("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz".utf8)
    var bits = [RandomWord(), RandomWord()]
    var name = "mqtt-"
    for position in 0..<18 {
      let letter = letters[bits[position / 9].take(letters.count)]
      name.unicodeScalars.append(Unicode.Scalar(letter))
    }
    return name
  }

  /// Random bits, taken in small numbers.
  private struct RandomWord {
    private var bits = RandomBytes.word

    mutating func take(_ bound: Int) -> Int {
      defer { bits /= UInt64(bound) }
      return Int(bits % UInt64(bound))
    }
  }
}

extension TLSOptions {
  /// The same in the words of the transport; `host` decides whether this account's own authority
  /// is trusted.
  func settings(host: String, isUnix: Bool) throws(TLSFailure) -> TLSClientSettings {
    var settings = TLSClientSettings()
    settings.authorityFile = caFile
    settings.authorityDirectory = caDirectory
    settings.usesSystemAuthorities = usesSystemCertificates
    let namesAuthorities = caFile != nil || caDirectory != nil
    // Who names authorities means these and no others.
    if !namesAuthorities,
      let local = LocalAuthority.authorityFile(forHost: isUnix ? "localhost" : host)
    {
      settings.additionalAuthorityFiles = [local]
    }
    settings.certificateFile = certificateFile
    settings.keyFile = keyFile
    // Where the user named authorities, --insecure leaves out the names only, as mosquitto's does.
    settings.isInsecure = isInsecure && !namesAuthorities
    settings.checksServerName = !isInsecure
    settings.minimumVersion =
      switch minimumVersion {
      case .v12: .tls1_2
      case .v13: .tls1_3
      }
    settings.ciphers = ciphers
    if let applicationProtocol { settings.alpn = [applicationProtocol] }
    settings.keyLogFile = keyLogFile
    settings.pskIdentity = preSharedKeyIdentity
    settings.pskHexKey = preSharedKey?.hexadecimal
    if let keyPassword {
      do throws(StartFailure) {
        settings.keyPassword = String(
          decoding: try keyPassword.read(prompt: "Password of \(keyFile ?? "the key")"),
          as: UTF8.self)
      } catch {
        throw TLSFailure(
          .setting(name: "the password of the key", value: "", reason: error.description))
      }
    }
    return settings
  }
}
