// Why a server does not start: what was wanted, what stood in the way, what to do about it.

import Settings
package import Transport

/// A reason not to start.
package enum ServerError: Error, Sendable, Equatable {
  /// The system refuses the place to listen at; who has it, if that can be seen.
  case listenerUnavailable(place: String, SystemError, occupant: String?)
  /// A listener's host has no address.
  case listenerUnknown(AddressLookupError)
  /// A listener's host has no address of the kind that it was told to take.
  case listenerHasNoAddress(place: String)
  /// A listener's certificate, key or settings do not do; `origin` is where a file says so.
  case listenerTLS(place: String, TLSFailure, origin: String?)
  /// Two listeners want the same address; the first one's is named.
  case listenersOverlap(address: String, ListenerConfiguration.Name, ListenerConfiguration.Name)
  /// There is no account of this name to run as.
  case noAccount(String)
  /// What was kept from before cannot be used.
  case store(StoreFailure)
  /// The system refuses something else that the server needs.
  case system(SystemError)
}

extension ServerError {
  /// A listener's TLS does not come about; a file is named with the line that names it.
  static func listenerTLS(_ listener: ListenerConfiguration, _ failure: TLSFailure) -> ServerError {
    // A file that no line names was named on the command line.
    var origin = listener.place
    if let (word, _) = failure.setting {
      origin = listener.settings.origin(ofWord: word).place?.description
    }
    return .listenerTLS(place: listener.name, failure, origin: origin)
  }
}

extension ServerError: CustomStringConvertible {
  /// What was found and what to do, for people.
  package var description: String {
    switch self {
    case .listenerUnavailable(let place, let error, let occupant):
      Self.explain(place, error, occupant)
    case .listenerUnknown(let error): "cannot listen: \(error)"
    case .listenerHasNoAddress(let place):
      "cannot listen on \(place): there is no address of the kind that is asked for"
    case .listenerTLS(let place, let failure, nil):
      "cannot listen with TLS on \(place): \(failure)"
    case .listenerTLS(let place, let failure, let origin?):
      "\(origin): cannot listen with TLS on \(place): \(failure.descriptionForFile)"
    case .listenersOverlap(let address, let first, let second):
      (second.origin.map { "\($0): " } ?? "")
        + "cannot listen on \(second.place): the listener on \(first.place)"
        + (first.origin.map { " at \($0)" } ?? "")
        + " has \(address) already; leave one of them out"
    case .noAccount(let name):
      "cannot run as \(name): there is no such account; name another one with user"
    case .store(let failure):
      "cannot use the data: \(failure); --data names another directory, --memory does without"
    case .system(let error): "cannot start: \(error)"
    }
  }

  private static func explain(
    _ place: String, _ error: SystemError, _ occupant: String?
  ) -> String {
    let found = "cannot listen on \(place): "
    if error.isAddressInUse {
      let who = occupant.map { "\($0) listens there already" } ?? "somebody listens there already"
      return found + who + "; stop it, or choose another port with -p"
    }
    if error.isNotPermitted {
      return found
        + "the system does not permit it; ports below 1024 and other people's directories need"
        + " privileges, so choose another port with -p or another path"
    }
    if error.isAddressUnavailable {
      return found + "this machine has no such address; `ip address` lists those it has"
    }
    return found + "\(error)"
  }
}
