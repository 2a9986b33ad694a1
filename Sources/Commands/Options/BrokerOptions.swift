// What `mqtt broker` is asked to do, and how its command line becomes that.

package import MQTTBroker

/// A place where the broker waits for clients.
package struct ListenerOptions: Equatable, Sendable {
  /// Where it waits.
  package enum Place: Equatable, Sendable {
    /// On 127.0.0.1 and ::1.
    case loopback(port: UInt16)
    /// On every address of this machine.
    case everywhere(port: UInt16)
    /// On this address or name.
    case address(String, port: UInt16)
    /// On a Unix domain socket.
    case unix(path: String)
  }

  package var place: Place
  package var usesTLS: Bool

  /// Joins the parts.
  package init(_ place: Place, usesTLS: Bool = false) {
    self.place = place
    self.usesTLS = usesTLS
  }
}

/// How the broker's TLS listeners identify themselves and their clients.
package struct BrokerTLSOptions: Equatable, Sendable {
  /// PEM files, both or neither; without them a local authority makes a certificate.
  package var certificateFile: String?
  package var keyFile: String?
  /// PEM file of the authorities that may have signed a client's certificate.
  package var caFile: String?
  /// Whether a client without a certificate of `caFile` is turned away.
  package var requiresCertificate = false
  /// Where session secrets are written for Wireshark; nil leaves it to SSLKEYLOGFILE.
  package var keyLogFile: String?

  /// No files.
  package init() {}
}

/// Everything `mqtt broker` has to know.
package struct BrokerOptions: Sendable {
  /// In the order given; empty is port 1883 of the loopback addresses.
  package var listeners: [ListenerOptions] = []
  package var tls = BrokerTLSOptions()
  /// Who gets in, on all listeners.
  package var access = AccessOptions()
  /// The most reactors that run at once; nil is as many as there are cores.
  package var threadLimit: Int?
  /// Whether every packet is logged.
  package var isVerbose = false
  /// Whether only errors are logged.
  package var isQuiet = false
  /// The engine's bounds and choices.
  package var configuration = BrokerConfiguration()

  /// The defaults.
  package init() {}
}

struct BrokerDraft: Draft {
  var request: InformationRequest?
  var options = BrokerOptions()
  var usesTLS = false
  var tlsDetail: String?

  mutating func take(plain argument: [UInt8]) throws(ValueFault) {
    throw ValueFault("is not an option, and mqtt broker takes nothing else", example: "-p 1883")
  }

  /// Settles the listeners and what their TLS needs.
  func finished() throws(UsageError) -> BrokerOptions {
    var result = options
    if usesTLS, !result.listeners.contains(where: \.usesTLS) {
      result.listeners.append(ListenerOptions(.loopback(port: 8883), usesTLS: true))
    }
    let tls = result.tls
    if (tls.certificateFile == nil) != (tls.keyFile == nil) {
      throw UsageError(
        tls.keyFile == nil ? "--cert" : "--key", "a certificate and its key are needed together",
        example: "--cert server.crt --key server.key")
    }
    if tls.requiresCertificate, tls.caFile == nil {
      throw UsageError(
        "--require-cert", "needs --cafile, the authorities whose certificates clients may show",
        example: "--cafile ca.crt --require-cert")
    }
    if let tlsDetail, !result.listeners.contains(where: \.usesTLS) {
      throw UsageError(tlsDetail, "no listener speaks TLS", example: "--tls \(tlsDetail)")
    }
    if result.isVerbose, result.isQuiet {
      throw UsageError("-v", "cannot be used together with -q")
    }
    result.configuration.logsPackets = result.isVerbose
    return result
  }
}

extension BrokerOptions {
  /// Understands the words after `mqtt broker`.
  package static func parse(_ words: [[UInt8]]) throws(UsageError) -> Invocation<BrokerOptions> {
    var draft = BrokerDraft()
    try ArgumentParser(command: .broker, options: BrokerDraft.table).parse(words, into: &draft)
    if let request = draft.request { return .information(request) }
    return .run(try draft.finished(), warnings: [])
  }
}
