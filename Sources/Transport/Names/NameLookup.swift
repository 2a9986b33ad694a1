// A look-up on a thread of its own: the system's resolver blocks for as long as a name server is
// silent, and whoever waits for a name has sockets and signals to look after meanwhile.
//
//   begin --thread--> addresses, or why not --tell--> the one who waits looks at `answer`
//
// Who wants a name that is being looked up already waits for the same answer: a thousand clients of
// one broker ask once. A look-up cannot be called off, but forgotten: its thread ends with its answer,
// or with the process.

import Synchronization

/// A name on its way to its addresses.
package final class NameLookup: Sendable {
  /// Each of the addresses, never none, or why there is none.
  package typealias Answer = Result<[SocketAddress], AddressLookupError>

  private struct Course {
    var answer: Answer?
    /// Whoever wants to hear of it; empty once it is there.
    var listeners: [@Sendable () -> Void] = []
  }

  private struct Name: Hashable {
    var host: String
    var port: UInt16
  }

  private static let underWay = Mutex<[Name: NameLookup]>([:])

  private let course = Mutex(Course())

  private init() {}

  /// What came out; nil while it is under way.
  package var answer: Answer? { course.withLock { $0.answer } }

  /// Begins to look up the addresses of `host`, each with `port`, or joins those who wait for them.
  ///
  /// `tell` is called once when there is an answer, on another thread.
  package static func begin(
    _ host: String, port: UInt16, tell: @escaping @Sendable () -> Void
  ) -> NameLookup {
    let name = Name(host: host, port: port)
    let (lookup, isNew) = underWay.withLock { underWay in
      if let lookup = underWay[name] {
        lookup.listen(tell)
        return (lookup, false)
      }
      let lookup = NameLookup()
      lookup.listen(tell)
      underWay[name] = lookup
      return (lookup, true)
    }
    if isNew { lookup.start(name) }
    return lookup
  }

  private func listen(_ tell: @escaping @Sendable () -> Void) {
    course.withLock { $0.listeners.append(tell) }
  }

  private func start(_ name: Name) {
    do throws(SystemError) {
      // Resolvers keep whole answers of name servers on the stack.
      let thread = try SystemThread(name: "name lookup", stackBytes: 1 << 20) { [self] in
        do throws(AddressLookupError) {
          finish(name, .success(try AddressLookup.addresses(of: name.host, port: name.port)))
        } catch {
          finish(name, .failure(error))
        }
      }
      thread.detach()
    } catch {
      finish(
        name,
        .failure(AddressLookupError(host: name.host, reason: "\(error)", isTemporary: true)))
    }
  }

  private func finish(_ name: Name, _ answer: Answer) {
    // From here on the name is looked up anew, so that nobody can join too late to be told.
    _ = Self.underWay.withLock { $0.removeValue(forKey: name) }
    let listeners = course.withLock { course in
      course.answer = answer
      defer { course.listeners = [] }
      return course.listeners
    }
    for tell in listeners { tell() }
  }
}
