// Outgoing connections: every address of a name in its order, until one answers.

import Basis
import CLinux
import Glibc

extension Reactor {
  /// Starts to connect; ``LinkEvent/connected(stoodAt:)`` or ``LinkEvent/ended(_:unsentBytes:)``
  /// follows in a later tick.
  ///
  /// The addresses are tried in order. The layers of the route belong to connecting.
  package func connect(_ route: Route, owner: UInt64 = 0) -> LinkID {
    let attempt = Attempt(route)
    let link = links.insert(Link(descriptor: -1, .connecting(attempt)))
    links[link].owner = owner
    tryNextAddress(link, attempt, .closedHere)
    return link
  }

  /// Tries addresses until one is under way; with none left the link ends with the last failure.
  private func tryNextAddress(_ link: LinkID, _ attempt: Attempt, _ failure: LinkEnd) {
    var failure = failure
    while let address = attempt.takeAddress() {
      do throws(SystemError) {
        let number = try startConnect(address, attempt.route.localAddress)
        links[link].replaceDescriptor(number)
        guard register(link) else { throw SystemError.last("epoll_ctl") }
        attempt.deadline = MonotonicClock.now.advanced(bySeconds: connectLimitSeconds)
        connects.append(link, at: attempt.deadline)
        return
      } catch {
        failure = .failed(error)
      }
    }
    end(link, failure)
  }

  private func startConnect(
    _ address: SocketAddress, _ localAddress: SocketAddress?
  ) throws(SystemError) -> Int32 {
    let subject = address.description
    if case .unix(let path) = address, path.utf8.count > linux_unix_path_limit {
      throw SystemError(code: ENAMETOOLONG, call: "connect", subject: subject)
    }
    let number = linux_stream_socket(address.family)
    if number < 0 { throw SystemError.last("socket", subject) }
    let descriptor = Descriptor(owning: number)
    if address.port != nil { _ = linux_set_no_delay(number) }
    if let localAddress {
      var local = localAddress.system
      if linux_bind(number, &local) < 0 {
        throw SystemError.last("bind", localAddress.host)
      }
    }
    var system = address.system
    // A path whose queue is full answers EAGAIN and would have to be tried again by the clock.
    if linux_connect(number, &system) < 0, errno != EINPROGRESS, errno != EINTR {
      throw SystemError.last("connect", subject)
    }
    return descriptor.release()
  }

  /// The kernel has an answer.
  func finishConnect(_ link: LinkID, _ attempt: Attempt) {
    let code = linux_socket_error(links[link].descriptor)
    if code == EINPROGRESS || code == EALREADY { return }
    if code != 0 {
      let error = SystemError(code: code, call: "connect", subject: attempt.address.description)
      return tryNextAddress(link, attempt, .failed(error))
    }
    let climb = Climb(to: .connected(stoodAt: MonotonicClock.now), attempt.route.stack)
    links[link].stage = .climbing(climb)
    self.climb(link, climb)
    if links.contains(link), links[link].stage.isOpen { advance(link) }
  }

  /// The address has had its time.
  func abandonAttempt(_ link: LinkID, _ attempt: Attempt) {
    tryNextAddress(link, attempt, .connectTimedOut(attempt.address))
  }
}
