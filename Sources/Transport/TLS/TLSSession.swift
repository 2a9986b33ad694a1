// One connection's TLS on a non-blocking socket. OpenSSL reads and writes the descriptor itself;
// a session only says what it waits for, and the reactor's epoll set does the waiting. Reads and
// writes go through as many records as are there, so that the caller handles a batch at a time.
//
// Who owns what: the session owns its SSL object and shares the context; the descriptor stays the
// caller's, who closes it after the session is gone. OpenSSL writes with write(2): the process
// must ignore SIGPIPE.
//
// State: fresh -> handshake() ... .done -> read/write ... -> shutdown(). Any failure is final: no
// call after it reaches OpenSSL but the end of life.

import CLinux
import COpenSSL
import Glibc

/// The TLS of one connection.
package struct TLSSession: ~Copyable {
  /// The `SSL`, owned; nil only if there was no memory for it.
  let handle: OpaquePointer?
  /// Shared with all sessions of the listener or client.
  let context: TLSContext
  /// The socket, borrowed.
  let descriptor: Int32
  let isServer: Bool
  /// The name a client wants the server to prove.
  let serverName: String?
  /// Whether OpenSSL compares that name with the certificate.
  private var isNameChecked = false
  /// Whether the peer's first bytes were looked at.
  private var hasSeenFirstBytes = false
  private var isEstablished = false
  /// Whether the kernel decrypts, one record a read, however many there are.
  private var readsByKernel = false
  /// Whether the last read found that a record is incomplete: what is buffered is no use yet.
  private var awaitsRest = false
  /// How reading ended, kept for the next call when this one had bytes to give.
  private var end: ReadingEnd?

  /// The server's end of a connection that was accepted on a non-blocking `descriptor`.
  ///
  /// With `isGreeted` the peer's first bytes are known to be those of TLS.
  package init(server context: TLSContext, descriptor: Int32, isGreeted: Bool = false) {
    self.init(context, descriptor, isServer: true, serverName: nil)
    hasSeenFirstBytes = isGreeted
    if let handle { SSL_set_accept_state(handle) }
  }

  /// The client's end of a connected non-blocking `descriptor`.
  ///
  /// `serverName` is the host name or address the server's certificate must carry, and for a host
  /// name what the server is asked for (RFC 6066, 3); nil for that of the context's settings. If
  /// the settings ask for the check and there is no name at all, the handshake fails.
  package init(client context: TLSContext, descriptor: Int32, serverName: String?) {
    self.init(
      context, descriptor, isServer: false, serverName: serverName ?? context.serverName)
    guard let handle else { return }
    SSL_set_connect_state(handle)
    if let name = self.serverName, !name.isEmpty { want(name, on: handle) }
  }

  private init(_ context: TLSContext, _ descriptor: Int32, isServer: Bool, serverName: String?) {
    self.context = context
    self.descriptor = descriptor
    self.isServer = isServer
    self.serverName = serverName
    ERR_clear_error()
    handle = SSL_new(context.handle)
    guard let handle else { return }
    SSL_set_fd(handle, descriptor)
    // Whether the socket gave less than was asked of it tells that it is empty, which saves the
    // read that would only say so. OpenSSL keeps that to itself, so the BIO is watched.
    BIO_set_callback_ex(SSL_get_rbio(handle)) { bio, operation, _, asked, _, _, result, count in
      if operation == BIO_CB_READ | BIO_CB_RETURN {
        let isFull = result > 0 && count?.pointee == asked
        BIO_set_callback_arg(bio, isFull ? UnsafeMutablePointer(bitPattern: 1) : nil)
      }
      return Int(result)
    }
  }

  deinit {
    SSL_free(handle)
  }

  /// Asks for the server's name and has the certificate checked against it.
  private mutating func want(_ name: String, on handle: OpaquePointer) {
    let parameters = SSL_get0_param(handle)
    let bare = LocalHost.bare(name)
    if LocalHost.canonicalAddress(bare) != nil {
      // An address is never sent as a server name (RFC 6066, 3).
      isNameChecked =
        context.checksServerName && X509_VERIFY_PARAM_set1_ip_asc(parameters, bare) == 1
      return
    }
    // OpenSSL takes an empty name for the wish to check none.
    if bare.isEmpty { return }
    _ = COpenSSL_set_server_name(handle, bare)
    if context.checksServerName {
      X509_VERIFY_PARAM_set_hostflags(parameters, UInt32(X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS))
      isNameChecked = SSL_set1_host(handle, bare) == 1
    }
  }

  /// Goes on with the handshake as far as the socket lets it.
  package mutating func handshake() -> TLSProgress {
    guard let handle else { return .failed(lacksMemory) }
    if isEstablished { return .done }
    if context.checksServerName && !isNameChecked { return .failed(lacksServerName) }
    if !hasSeenFirstBytes, let failure = lookAtFirstBytes() { return .failed(failure) }
    ERR_clear_error()
    let result = SSL_do_handshake(handle)
    if result == 1 {
      isEstablished = true
      readsByKernel = COpenSSL_reads_by_kernel(handle) != 0
      return .done
    }
    switch outcome(of: result, on: handle) {
    case .wantsRead: return .wantsRead
    case .wantsWrite: return .wantsWrite
    case .ended: return .failed(TLSFailure(.closedDuringHandshake, peer: peer))
    case .lost(let number):
      // A port that closes on a greeting it cannot read often resets the connection.
      if number == ECONNRESET || number == EPIPE {
        return .failed(TLSFailure(.closedDuringHandshake, peer: peer))
      }
      return .failed(TLSFailure(.connectionLost(reason: systemErrorText(number)), peer: peer))
    case .broken(let error): return .failed(explain(error, on: handle))
    }
  }

  /// Reads into `room` what has arrived, through as many records as fit.
  ///
  /// - Precondition: the handshake is done and `room` is not empty.
  package mutating func read(into room: UnsafeMutableRawBufferPointer) -> TLSReadResult {
    guard let handle else { return .failed(lacksMemory) }
    precondition(!room.isEmpty, "a read without room")
    if let end = self.end { return end.result }
    var count = 0
    awaitsRest = false
    repeat {
      ERR_clear_error()
      var some = 0
      let start = room.baseAddress.map { $0 + count }
      let result = SSL_read_ex(handle, start, room.count - count, &some)
      if result == 1 {
        count += some
        continue
      }
      switch outcome(of: result, on: handle) {
      case .wantsRead:
        awaitsRest = true
        return count > 0 ? .bytes(count) : .wantsRead
      case .wantsWrite: return count > 0 ? .bytes(count) : .wantsWrite
      case .ended(let clean): end = .ended(clean: clean)
      case .lost(let number):
        end = .failed(TLSFailure(.connectionLost(reason: systemErrorText(number)), peer: peer))
      case .broken(let error): end = .failed(explain(error, on: handle))
      }
      break
    } while count < room.count && hasPending
    if count > 0 { return .bytes(count) }
    return end?.result ?? .wantsRead
  }

  /// Whether another read can give something before the next readiness: bytes that OpenSSL has
  /// taken already, the end, or what the socket had beyond what the last read took.
  ///
  /// While it is false the next bytes make an edge. An end of stream that the poller has reported
  /// already makes none: after a hangup, read on until the end.
  package var hasPending: Bool {
    if end != nil { return true }
    guard let handle, !awaitsRest else { return false }
    return readsByKernel || SSL_has_pending(handle) == 1
      || BIO_get_callback_arg(SSL_get_rbio(handle)) != nil
  }

  /// Encrypts and writes `bytes` as far as the socket takes them.
  ///
  /// After a short or refused write the next one must begin with the bytes that were not taken,
  /// at any address; more may follow them.
  /// - Precondition: the handshake is done and `bytes` is not empty.
  package mutating func write(_ bytes: UnsafeRawBufferPointer) -> TLSWriteResult {
    guard let handle else { return .failed(lacksMemory) }
    precondition(!bytes.isEmpty, "a write without bytes")
    var count = 0
    while count < bytes.count {
      ERR_clear_error()
      var some = 0
      let start = bytes.baseAddress.map { $0 + count }
      let result = SSL_write_ex(handle, start, bytes.count - count, &some)
      if result == 1 {
        count += some
        continue
      }
      switch outcome(of: result, on: handle) {
      case .wantsRead: return count > 0 ? .bytes(count) : .wantsRead
      case .wantsWrite: return count > 0 ? .bytes(count) : .wantsWrite
      case .ended:
        return .failed(TLSFailure(.connectionLost(reason: "the peer closed it"), peer: peer))
      case .lost(let number):
        return .failed(TLSFailure(.connectionLost(reason: systemErrorText(number)), peer: peer))
      case .broken(let error): return .failed(explain(error, on: handle))
      }
    }
    return .bytes(count)
  }

  /// Tells the peer that nothing more will be sent, if the socket takes it now.
  ///
  /// The answer is not waited for. Without effect before the handshake is done or after a failure.
  package mutating func shutdown() {
    guard let handle, isEstablished else { return }
    isEstablished = false
    ERR_clear_error()
    SSL_shutdown(handle)
    ERR_clear_error()
  }

  /// What the last call on the SSL object came to.
  private enum Outcome {
    case wantsRead, wantsWrite
    case ended(clean: Bool)
    case lost(Int32)
    case broken(OpenSSLError)
  }

  private mutating func outcome(of result: Int32, on handle: OpaquePointer) -> Outcome {
    let number = errno
    let kind = SSL_get_error(handle, result)
    switch kind {
    case SSL_ERROR_WANT_READ: return .wantsRead
    case SSL_ERROR_WANT_WRITE: return .wantsWrite
    case SSL_ERROR_ZERO_RETURN: return .ended(clean: COpenSSL_is_at_end(handle) == 0)
    case SSL_ERROR_SYSCALL:
      isEstablished = false
      return number == 0 ? .ended(clean: false) : .lost(number)
    default:
      isEstablished = false
      return OpenSSLError.take().map { .broken($0) } ?? .ended(clean: false)
    }
  }

  /// Recognises a peer that does not speak TLS, before OpenSSL sees garbage.
  private mutating func lookAtFirstBytes() -> TLSFailure? {
    let found: FirstBytes?? = withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 16) { room in
      let flags = Int32(MSG_PEEK) | Int32(MSG_DONTWAIT)
      let count = recv(descriptor, room.baseAddress, room.count, flags)
      guard count > 0 else { return nil }
      return FirstBytes(UnsafeBufferPointer(rebasing: UnsafeBufferPointer(room)[..<count]).span)
    }
    guard let found else { return nil }
    hasSeenFirstBytes = true
    switch found {
    case nil, .tlsHandshake, .tlsAlert: return nil
    case .mqttConnect, .mqttAnswer, .httpRequest, .httpResponse, .ssh, .text:
      if isServer { sayThatThisIsTLS() }
      return TLSFailure(.notTLS(found?.words ?? ""), peer: peer)
    }
  }

  /// Answers a plain client with the alert protocol_version, from which a client that looks at
  /// first bytes sees what it has connected to.
  private func sayThatThisIsTLS() {
    let alert: [UInt8] = [0x15, 3, 3, 0, 2, 2, 70]
    _ = send(descriptor, alert, alert.count, Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL))
  }

  private var lacksServerName: TLSFailure {
    TLSFailure(
      .setting(
        name: "the server's name", value: serverName ?? "",
        reason: "its certificate must carry a name or an address that is known; give one with -h, "
          + "or --insecure to check none"))
  }

  private var lacksMemory: TLSFailure {
    TLSFailure(.library(call: "SSL_new", reason: "there is no memory for a session"), peer: peer)
  }
}

/// How reading ended, on the heap: it exists once in a session's life.
private indirect enum ReadingEnd {
  case ended(clean: Bool)
  case failed(TLSFailure)

  var result: TLSReadResult {
    switch self {
    case .ended(let clean): .ended(clean: clean)
    case .failed(let failure): .failed(failure)
    }
  }
}
