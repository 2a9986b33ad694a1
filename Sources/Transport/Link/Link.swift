// One connection as its reactor keeps it: where it stands (Stage), what the kernel was asked to
// report of it (Watch), and a few marks that any stage may have. An idle plain connection is this
// struct and nothing else: 56 bytes and no heap memory of its own.

import Basis

struct Link: ~Copyable {
  /// What may be so in any stage.
  struct Marks: OptionSet {
    let rawValue: UInt8
    /// The kernel said that there is something to read and it has not been read dry.
    static let hasInput = Marks(rawValue: 1 << 0)
    /// The kernel said that the peer has ended sending or the connection failed.
    static let hangup = Marks(rawValue: 1 << 1)
    /// The owner does not want to read.
    static let paused = Marks(rawValue: 1 << 2)
    /// The kernel takes no more bytes for now.
    static let blocked = Marks(rawValue: 1 << 3)
    /// In the reactor's list of links to write at the end of the tick.
    static let dirty = Marks(rawValue: 1 << 4)
    /// In the reactor's list of links to look at in the next tick.
    static let queued = Marks(rawValue: 1 << 5)
    /// It writes bytes this turn that others write too. (`Reactor.runs`)
    static let sharing = Marks(rawValue: 1 << 6)
  }

  // Declared from large to small, so that nothing is lost between them.

  /// Whatever the delegate wants to find again in an event.
  var owner: UInt64 = 0
  /// Bytes that the kernel has not taken.
  var outbox = ByteBuffer()
  /// Where it stands.
  var stage: Stage
  /// What the kernel was asked to report.
  var watch = Watch.nothing
  var marks: Marks = []
  /// The socket, closed by `deinit`; negative before the first attempt to connect.
  private(set) var descriptor: Int32

  init(descriptor: Int32, _ stage: Stage) {
    self.descriptor = descriptor
    self.stage = stage
  }

  deinit { if descriptor >= 0 { closeDescriptor(descriptor) } }

  /// Replaces the socket by that of the next attempt and closes the old one.
  mutating func replaceDescriptor(_ fresh: Int32) {
    if descriptor >= 0 { closeDescriptor(descriptor) }
    descriptor = fresh
    watch = .nothing
    marks.remove([.hasInput, .hangup])
  }
}
