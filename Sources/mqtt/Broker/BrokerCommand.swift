// The runner of `mqtt broker`: options become a server's configuration, and the server runs.

import Commands
import Glibc
import MQTTBroker
import MQTTServer
import Transport

enum BrokerCommand {
  static func run(_ options: BrokerOptions) -> Int32 {
    do throws(BrokerStartFailure) {
      let configuration = try configuration(options)
      do throws(ServerError) {
        try Server(configuration).run()
        return ExitStatus.success
      } catch {
        return fail("\(error)")
      }
    } catch {
      return fail("\(error)")
    }
  }

  private static func fail(_ text: String) -> Int32 {
    Terminal.write("mqtt broker: \(text)\n", to: STDERR_FILENO)
    return ExitStatus.failure
  }

  private static func configuration(_ options: BrokerOptions) throws(BrokerStartFailure)
    -> ServerConfiguration
  {
    var result = ServerConfiguration()
    result.broker = options.configuration
    let policy = try AccessFiles.policy(options.access) { warning in
      if !options.isQuiet { Terminal.write("mqtt broker: \(warning)\n", to: STDERR_FILENO) }
    }
    // One for the loopback addresses when no listener was named.
    result.broker.listenerPolicies = Array(
      repeating: policy, count: max(1, options.listeners.count))
    result.broker.programVersion = Commands.programVersion
    if let limit = options.threadLimit { result.threads = limit }
    if options.isVerbose { result.verbosity = .packets }
    if options.isQuiet { result.verbosity = .quiet }
    let tls =
      options.listeners.contains(where: \.usesTLS)
      ? try checkedTLSSettings(options) : nil
    for listener in options.listeners {
      let settings = listener.usesTLS ? tls : nil
      result.listeners.append(ListenerConfiguration(place(listener.place), tls: settings))
    }
    return result
  }

  private static func place(_ place: ListenerOptions.Place) -> ListenerConfiguration.Place {
    switch place {
    case .loopback(let port): .loopback(port: port)
    case .everywhere(let port): .network(host: "", port: port)
    case .address(let host, let port): .network(host: host, port: port)
    case .unix(let path): .path(path, mode: nil)
    }
  }

  private static func checkedTLSSettings(_ options: BrokerOptions) throws(BrokerStartFailure)
    -> TLSServerSettings
  {
    do throws(TLSFailure) {
      return try tlsSettings(options.tls, isQuiet: options.isQuiet)
    } catch {
      throw BrokerStartFailure(description: "\(error)")
    }
  }

  /// The files that were named, or certificates that this account's authority makes.
  private static func tlsSettings(_ options: BrokerTLSOptions, isQuiet: Bool) throws(TLSFailure)
    -> TLSServerSettings
  {
    var settings: TLSServerSettings
    if let certificateFile = options.certificateFile, let keyFile = options.keyFile {
      settings = TLSServerSettings(certificateFile: certificateFile, keyFile: keyFile)
    } else {
      let made = try LocalAuthority.certificates(
        in: LocalAuthority.defaultDirectory(), names: LocalHost.names(),
        addresses: LocalHost.addresses())
      settings = TLSServerSettings(certificateFile: made.certificateFile, keyFile: made.keyFile)
      if !isQuiet {
        Terminal.write(
          "mqtt broker: TLS with \(made.isAuthorityNew ? "a new" : "this account's") authority; "
            + "clients need --cafile \(made.authorityFile) "
            + "(mqtt pub and sub of this account find it themselves)\n", to: STDERR_FILENO)
      }
    }
    settings.authorityFile = options.caFile
    settings.requiresClientCertificate = options.requiresCertificate
    settings.keyLogFile = options.keyLogFile
    return settings
  }
}
