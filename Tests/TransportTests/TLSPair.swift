// Two sessions at the ends of one socket pair, driven by hand in one thread: what a reactor does,
// without one.

import Foundation
import Testing
import Transport

/// The two ends of a connected, non-blocking socket pair.
struct SocketPair: ~Copyable {
  let client: Int32
  let server: Int32
  private var isServerOpen = true

  init() {
    // OpenSSL writes with write(2); a broken pair must not end the test process.
    signal(SIGPIPE, SIG_IGN)
    var ends: [Int32] = [-1, -1]
    let type = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
    #expect(socketpair(AF_UNIX, type, 0, &ends) == 0)
    (client, server) = (ends[0], ends[1])
  }

  /// Ends the server's end early.
  ///
  /// Shut down and not only closed: a process that another test is just starting may hold a copy of
  /// the descriptor, and would keep the connection up with it.
  mutating func closeServer() {
    shutdown(server, Int32(SHUT_RDWR))
    close(server)
    isServerOpen = false
  }

  deinit {
    close(client)
    if isServerOpen { close(server) }
  }
}

/// The two ends of a TCP connection over the loopback interface, non-blocking.
struct LoopbackPair: ~Copyable {
  let client: Int32
  let server: Int32
  /// The port the server listens on.
  let port: UInt16

  init() throws {
    signal(SIGPIPE, SIG_IGN)
    let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(listener) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var count = socklen_t(MemoryLayout<sockaddr_in>.size)
    let client = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    let isConnected = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
        bind(listener, address, count) == 0 && listen(listener, 1) == 0
          && getsockname(listener, address, &count) == 0 && connect(client, address, count) == 0
      }
    }
    try #require(isConnected)
    port = UInt16(bigEndian: address.sin_port)
    server = accept(listener, nil, nil)
    self.client = client
    for end in [client, server] { _ = fcntl(end, F_SETFL, O_NONBLOCK) }
  }

  deinit {
    close(client)
    close(server)
  }
}

/// A client and a server joined by a socket pair.
struct TLSPair: ~Copyable {
  var sockets: SocketPair
  var client: TLSSession
  var server: TLSSession

  init(client clientContext: TLSContext, server serverContext: TLSContext, name: String?) {
    sockets = SocketPair()
    client = TLSSession(client: clientContext, descriptor: sockets.client, serverName: name)
    server = TLSSession(server: serverContext, descriptor: sockets.server)
  }

  /// A pair with the shared authority and its certificate for localhost.
  init(
    client clientSettings: TLSClientSettings, server serverSettings: TLSServerSettings,
    name: String? = "localhost"
  ) throws {
    try self.init(
      client: .client(clientSettings), server: .server(serverSettings), name: name)
  }

  /// Drives both ends until neither can go on.
  mutating func handshake() -> (client: TLSProgress, server: TLSProgress) {
    var progress = (client: TLSProgress.wantsRead, server: TLSProgress.wantsRead)
    for _ in 0..<10 {
      if !progress.client.isFinal { progress.client = client.handshake() }
      if !progress.server.isFinal { progress.server = server.handshake() }
    }
    return progress
  }

  /// Drives the handshake and expects both ends to complete it.
  mutating func connect() {
    let progress = handshake()
    #expect(progress.client == .done)
    #expect(progress.server == .done)
  }
}

extension TLSProgress {
  var isFinal: Bool {
    switch self {
    case .done, .failed: true
    case .wantsRead, .wantsWrite: false
    }
  }

  /// The failure, if it is one.
  var failure: TLSFailure? {
    switch self {
    case .failed(let failure): failure
    case .done, .wantsRead, .wantsWrite: nil
    }
  }
}

extension TLSSession {
  /// Reads at most `room` bytes.
  mutating func read(_ room: Int = 65_536) -> (result: TLSReadResult, bytes: [UInt8]) {
    var result = TLSReadResult.wantsRead
    let bytes = [UInt8](unsafeUninitializedCapacity: room) { buffer, count in
      let raw = UnsafeMutableRawBufferPointer(buffer)
      result = read(into: UnsafeMutableRawBufferPointer(rebasing: raw[..<room]))
      if case .bytes(let filled) = result { count = filled }
    }
    return (result, bytes)
  }

  /// Writes as much of `bytes` as is taken.
  mutating func write(_ bytes: some Collection<UInt8>) -> TLSWriteResult {
    Array(bytes).withUnsafeBytes { write($0) }
  }
}

extension TLSServerSettings {
  /// The shared authority's certificate for localhost and 127.0.0.1.
  static var localhost: TLSServerSettings {
    let certificates = TLSCertificates.localhost
    return TLSServerSettings(
      certificateFile: certificates.path("localhost.crt"),
      keyFile: certificates.path("localhost.key"))
  }
}

extension TLSClientSettings {
  /// Trusts the shared authority.
  static var trusting: TLSClientSettings {
    var settings = TLSClientSettings()
    settings.authorityFile = TLSCertificates.shared.authority
    return settings
  }
}

extension TLSCertificates {
  /// The shared directory, with the certificate for localhost in it.
  static let localhost: TLSCertificates = {
    let names = "DNS:localhost,IP:127.0.0.1,IP:::1"
    shared.issue("localhost", commonName: "localhost", alternativeNames: names)
    return shared
  }()
}
