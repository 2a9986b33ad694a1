// A reactor owns connections and moves their bytes: one thread, one epoll set. Each turn goes
//
//   wait -> read everything that is ready -> tick (the delegate decides) -> write what it handed over
//
// so that a connection costs at most one read and one write per turn, however many messages that
// carries. Links are watched edge-triggered, so no message ever costs an epoll_ctl: a short read
// means that the kernel has no more and will say when it has, and a link that could not be written
// once is reported ever after when it can. What stays readable after a full read
// waits in `ready` for the next turn, behind everybody else.
//
// Everything but `wake`, `stop` and `adopt` belongs to the thread that runs the reactor.

package import Basis
import CLinux
import Glibc
import Synchronization

/// An event loop and its connections.
package final class Reactor: @unchecked Sendable {
  /// Most events taken from the kernel in one turn.
  static let eventLimit = 512
  /// Most connections accepted by one listener in one turn.
  static let acceptLimit = 64

  /// Which reactor this is, as its creator counts.
  package let index: Int

  /// Seconds that a TLS handshake may take.
  package var handshakeLimitSeconds = 10
  /// Seconds that an address may take to answer before the next one of the name is tried.
  package var connectLimitSeconds = 20
  /// Seconds that the last bytes of a closing link may take.
  package var farewellLimitSeconds = 2
  /// Whether the delegate's deadlines are kept to the microsecond instead of the millisecond.
  package var keepsTimePrecisely = false
  /// Whether written buffers are kept for ``takeSpareBuffer()``; otherwise they are freed.
  package var keepsSpareBuffers = false

  let epoll: Descriptor
  let alarm: Alarm
  let mailbox = Mailbox()
  let stopRequested = Atomic<Bool>(false)

  /// Everything that changes, behind a pointer: stored properties of a class are checked for
  /// exclusive access at run time, each time, which was an eighth of this module's instructions.
  let state: UnsafeMutablePointer<ReactorState>

  /// Makes a reactor that waits for nothing yet.
  package init(index: Int) throws(SystemError) {
    self.index = index
    let number = linux_epoll_create()
    if number < 0 { throw SystemError.last("epoll_create1") }
    epoll = Descriptor(owning: number)
    alarm = try Alarm()
    let arena = try ReadArena()
    state = .allocate(capacity: 1)
    state.initialize(to: ReactorState(arena, now: MonotonicClock.now))
    if linux_epoll_add(
      number, alarm.descriptor, linux_readable | linux_edge_triggered, Token.alarm.word) < 0
    {
      throw SystemError.last("epoll_ctl")
    }
  }

  deinit {
    if spareDescriptor >= 0 { closeDescriptor(spareDescriptor) }
    kernelEvents.deallocate()
    state.deinitialize(count: 1)
    state.deallocate()
  }

  /// The events of this tick, in the order in which they happened.
  package var events: [ReactorEvent] { turn }

  /// Whether one link may bring in 256 KiB in a tick, or else 64 KiB.
  package var readsLargely: Bool {
    get { arena.readLimitBytes == ReadArena.largeReadBytes }
    set {
      arena.readLimitBytes = newValue ? ReadArena.largeReadBytes : ReadArena.smallReadBytes
    }
  }

  /// The bytes of a ``LinkEvent/received(_:)`` of this tick, in place.
  @_lifetime(borrow self)
  package func received(_ range: Range<Int>) -> Span<UInt8> {
    precondition(
      range.lowerBound >= 0 && range.upperBound <= arena.used, "bytes that were not read")
    let bytes = UnsafeBufferPointer(
      start: (arena.start + range.lowerBound).assumingMemoryBound(to: UInt8.self),
      count: range.count)
    return unsafe _overrideLifetime(Span(_unsafeElements: bytes), borrowing: self)
  }

  /// Links that live here, those that are still connecting or closing included.
  package var linkCount: Int { links.count }

  /// Says what the link's events shall carry from now on.
  package func setOwner(_ link: LinkID, _ owner: UInt64) {
    if links.contains(link) { links[link.index].owner = owner }
  }

  /// What ``setOwner(_:_:)`` said last; zero for a link that is gone.
  package func owner(of link: LinkID) -> UInt64 {
    links.contains(link) ? links[link.index].owner : 0
  }

  /// Whether the link still lives.
  package func contains(_ link: LinkID) -> Bool { links.contains(link) }

  /// A buffer whose bytes have been written, empty and with its memory; nil when there is none.
  package func takeSpareBuffer() -> ByteBuffer? { spare.pop() }

  /// Watches a descriptor that is not a connection, such as ``Signals/descriptor`` or standard
  /// input, and reports ``LinkEvent/readable(descriptor:)`` in each tick while it is readable, or
  /// with `forWriting` while it is writable.
  package func watch(_ descriptor: Int32, forWriting: Bool = false) throws(SystemError) {
    let events = forWriting ? linux_writable : linux_readable
    if linux_epoll_add(epoll.number, descriptor, events, Token.watched(descriptor).word) < 0 {
      throw SystemError.last("epoll_ctl")
    }
  }

  /// Watches the descriptor no longer.
  package func unwatch(_ descriptor: Int32) { _ = linux_epoll_remove(epoll.number, descriptor) }

  /// Ends ``run(_:)`` after the current turn; from any thread.
  package func stop() {
    stopRequested.store(true, ordering: .sequentiallyConsistent)
    alarm.ring()
  }

  /// Brings about a tick soon; from any thread.
  ///
  /// Costs a system call only when the reactor sleeps.
  package func wake() { alarm.ring() }

  /// Turns until ``stop()``; the links stay as they are.
  package func run(_ delegate: any ReactorDelegate) {
    while !stopRequested.load(ordering: .relaxed) { turnOnce(delegate) }
    stopRequested.store(false, ordering: .relaxed)
  }

  /// One turn: waits if there is nothing to do, reads, ticks, writes.
  func turnOnce(_ delegate: any ReactorDelegate) {
    readTurn()
    wakeDeadline = delegate.tick(self, now: now)
    writeTurn()
  }

  /// Tells the delegate something: in this tick while reading, otherwise in the next one.
  func report(_ link: LinkID, _ owner: UInt64, _ event: LinkEvent) {
    let event = ReactorEvent(link: link, owner: owner, event: event)
    if isReading { turn.append(event) } else { late.append(event) }
  }

  /// Whether this turn has read everything that the kernel held for any link when it began.
  package var hasReadAll: Bool { state.pointee.hasReadAll }

  /// Puts a link that found no room on the list that comes first in the next turn.
  func passOver(_ link: LinkID) {
    if !links[link.index].flags.contains(.queued) {
      links[link.index].flags.insert(.queued)
      passedOver.append(link)
    }
  }

  /// Puts the link on the list for the next turn, once.
  func lookAgain(_ link: LinkID) {
    if !links[link.index].flags.contains(.queued) {
      links[link.index].flags.insert(.queued)
      ready.append(link)
    }
  }
}

/// What the kernel keeps for a watched descriptor that is not a link.
///
/// Its upper half is zero, as the generation of no link is.
enum Token {
  case alarm
  case listener(Int)
  case watched(Int32)

  var word: UInt64 {
    switch self {
    case .alarm: 0
    case .listener(let index): UInt64(1 << 31 | UInt32(index))
    case .watched(let number): UInt64(1 + UInt32(number))
    }
  }

  init(word: UInt64) {
    if word == 0 {
      self = .alarm
    } else if word >> 31 == 1 {
      self = .listener(Int(word & ~(1 << 31)))
    } else {
      self = .watched(Int32(word - 1))
    }
  }
}
