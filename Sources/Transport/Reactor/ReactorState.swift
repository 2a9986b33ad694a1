// What a reactor changes from turn to turn. It lies behind a pointer that only the reactor has;
// the names below let the rest of the module speak of it as if it were the reactor's own.

import Basis
import CLinux
import Glibc

struct ReactorState: ~Copyable {
  var links = SlotTable<Link>()
  /// By place; nil where one was closed.
  var listeners: [Listener?] = []
  /// Events of this turn.
  var turn: [ReactorEvent] = []
  /// Events that came up outside of the reading part and are told in the next turn.
  var late: [ReactorEvent] = []
  /// Whether events go to `turn`.
  var isReading = false
  /// Links to look at in the next turn whatever the kernel says.
  var ready: [LinkID] = []
  /// Links with the flag of that name.
  var unwatched: [LinkID] = []
  /// The list that `ready` is swapped with, empty between turns.
  var resting: [LinkID] = []
  /// Links for which there was no room to read, and which are looked at before all others.
  var passedOver: [LinkID] = []
  /// Links to read as far as their peers have sent, and the bytes left for that. (Reactor+ReadOut)
  var readOuts: [(link: LinkID, bytesLeft: Int)] = []
  /// Whether this turn has read all that there was.
  var hasReadAll = false
  /// Links to write after the tick.
  var dirty: [LinkID] = []
  /// What some of them write behind their outbox.
  var runs: [(link: LinkID, run: SharedRun)] = []
  var arena: ReadArena
  var spare = BufferStack()
  var handshakes = DeadlineQueue()
  var connects = DeadlineQueue()
  var farewells = DeadlineQueue()
  /// Kept open so that there is one to accept with, and refuse, when all others are taken.
  var spareDescriptor: Int32 = -1
  var shortage = DescriptorShortage.none
  /// When the delegate wants to be woken.
  var wakeDeadline: Instant?
  /// When this turn began.
  var now: Instant
  let kernelEvents = UnsafeMutablePointer<linux_event>.allocate(capacity: Reactor.eventLimit)

  init(_ arena: consuming ReadArena, now: Instant) {
    self.arena = arena
    self.now = now
  }
}

extension Reactor {
  var kernelEvents: UnsafeMutablePointer<linux_event> { state.pointee.kernelEvents }

  var links: SlotTable<Link> {
    @inline(__always) _read { yield state.pointee.links }
    @inline(__always) _modify { yield &state.pointee.links }
  }

  var listeners: [Listener?] {
    @inline(__always) _read { yield state.pointee.listeners }
    @inline(__always) _modify { yield &state.pointee.listeners }
  }

  var turn: [ReactorEvent] {
    @inline(__always) _read { yield state.pointee.turn }
    @inline(__always) _modify { yield &state.pointee.turn }
  }

  var late: [ReactorEvent] {
    @inline(__always) _read { yield state.pointee.late }
    @inline(__always) _modify { yield &state.pointee.late }
  }

  var isReading: Bool {
    @inline(__always) _read { yield state.pointee.isReading }
    @inline(__always) _modify { yield &state.pointee.isReading }
  }

  var unwatched: [LinkID] {
    @inline(__always) _read { yield state.pointee.unwatched }
    @inline(__always) _modify { yield &state.pointee.unwatched }
  }

  var ready: [LinkID] {
    @inline(__always) _read { yield state.pointee.ready }
    @inline(__always) _modify { yield &state.pointee.ready }
  }

  var resting: [LinkID] {
    @inline(__always) _read { yield state.pointee.resting }
    @inline(__always) _modify { yield &state.pointee.resting }
  }

  var passedOver: [LinkID] {
    @inline(__always) _read { yield state.pointee.passedOver }
    @inline(__always) _modify { yield &state.pointee.passedOver }
  }

  var readOuts: [(link: LinkID, bytesLeft: Int)] {
    @inline(__always) _read { yield state.pointee.readOuts }
    @inline(__always) _modify { yield &state.pointee.readOuts }
  }

  var dirty: [LinkID] {
    @inline(__always) _read { yield state.pointee.dirty }
    @inline(__always) _modify { yield &state.pointee.dirty }
  }

  var runs: [(link: LinkID, run: SharedRun)] {
    @inline(__always) _read { yield state.pointee.runs }
    @inline(__always) _modify { yield &state.pointee.runs }
  }

  var arena: ReadArena {
    @inline(__always) _read { yield state.pointee.arena }
    @inline(__always) _modify { yield &state.pointee.arena }
  }

  var spare: BufferStack {
    @inline(__always) _read { yield state.pointee.spare }
    @inline(__always) _modify { yield &state.pointee.spare }
  }

  var handshakes: DeadlineQueue {
    @inline(__always) _read { yield state.pointee.handshakes }
    @inline(__always) _modify { yield &state.pointee.handshakes }
  }

  var connects: DeadlineQueue {
    @inline(__always) _read { yield state.pointee.connects }
    @inline(__always) _modify { yield &state.pointee.connects }
  }

  var farewells: DeadlineQueue {
    @inline(__always) _read { yield state.pointee.farewells }
    @inline(__always) _modify { yield &state.pointee.farewells }
  }

  var spareDescriptor: Int32 {
    @inline(__always) _read { yield state.pointee.spareDescriptor }
    @inline(__always) _modify { yield &state.pointee.spareDescriptor }
  }

  var shortage: DescriptorShortage {
    @inline(__always) _read { yield state.pointee.shortage }
    @inline(__always) _modify { yield &state.pointee.shortage }
  }

  var wakeDeadline: Instant? {
    @inline(__always) _read { yield state.pointee.wakeDeadline }
    @inline(__always) _modify { yield &state.pointee.wakeDeadline }
  }

  var now: Instant {
    @inline(__always) _read { yield state.pointee.now }
    @inline(__always) _modify { yield &state.pointee.now }
  }
}
