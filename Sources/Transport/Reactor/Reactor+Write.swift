// From outboxes to sockets: after the tick, one write per link that got something of its own, and one
// per link for what it shares with others.

package import Basis
import CLinux
import Glibc

extension Reactor {
  /// Hands bytes over; they are written after the tick, behind what is still unsent.
  ///
  /// Bytes for a link that is gone or closing are dropped.
  package func send(_ bytes: consuming ByteBuffer, on link: LinkID) {
    guard links.contains(link), !bytes.isEmpty else { return recycle(bytes) }
    settleRuns(link)
    if case .open(nil) = links[link].stage { return enqueue(bytes, link) }
    if links[link].stage.isEnding { return recycle(bytes) }
    if case .webSocket(let box)? = links[link].stage.layers?.speech {
      return sendFrame(bytes, link, box)
    }
    enqueue(bytes, link)
  }

  /// The same with bytes that others send too; they are written from where they stand.
  package func send(_ run: SharedRun, on link: LinkID) {
    guard links.contains(link), !links[link].stage.isEnding else { return }
    // Where they cannot be written as they are, and where that would only cost a system call more,
    // they are copied.
    let marks = links[link].marks
    let isSmall = run.count < Self.copiedBytes && !links[link].outbox.isEmpty
    let isCopied: Bool =
      switch links[link].stage {
      case .open(nil), .silent(nil):
        marks.contains(.blocked) || isSmall && !marks.contains(.sharing)
      case .open, .silent, .connecting, .climbing, .unwritable, .closing, .lingering: true
      }
    if isCopied {
      var bytes = takeSpareBuffer() ?? ByteBuffer()
      run.withBytes { bytes.append($0) }
      return send(bytes, on: link)
    }
    runs.append((link, run))
    links[link].marks.insert(.sharing)
    markDirty(link)
  }

  /// Up to here bytes are rather copied than written apart.
  private static let copiedBytes = 4096

  /// Writes what is shared behind the outboxes, and copies what the kernel does not take.
  private func writeRuns() {
    for (link, run) in runs where links.contains(link) { writeRun(run, link) }
    runs.removeAll(keepingCapacity: true)
  }

  private func writeRun(_ run: SharedRun, _ link: LinkID) {
    links[link].marks.remove(.sharing)
    if !links[link].outbox.isEmpty && !links[link].marks.contains(.blocked) { writeOutbox(link) }
    guard links.contains(link), links[link].stage.isOpen else { return }
    if !links[link].outbox.isEmpty { return copy(run, from: 0, link) }
    let delivery = run.withBytes { bytes in
      bytes.withUnsafeBytes { links[link].transmit(nil, $0) }
    }
    switch delivery {
    case .bytes(let count):
      if count == run.count { return }
      copy(run, from: count, link)
    case .wouldBlock: copy(run, from: 0, link)
    case .failed(let reason): return failWriting(link, reason)
    }
    awaitRoom(link)
  }

  private func copy(_ run: SharedRun, from offset: Int, _ link: LinkID) {
    run.withBytes(from: offset) { links[link].outbox.append($0) }
  }

  /// Copies what is shared behind the outbox, for a link that ends, goes elsewhere or gets more.
  func settleRuns(_ link: LinkID) {
    if !links[link].marks.contains(.sharing) { return }
    links[link].marks.remove(.sharing)
    for (other, run) in runs where other == link { copy(run, from: 0, link) }
    runs.removeAll { $0.link == link }
  }

  /// Puts bytes behind those that are unsent, as they are.
  func enqueue(_ bytes: consuming ByteBuffer, _ link: LinkID) {
    if links[link].outbox.isEmpty {
      links[link].outbox = bytes
    } else {
      links[link].outbox.append(bytes.span)
      recycle(bytes)
    }
    markDirty(link)
  }

  /// Bytes handed over that the kernel has not taken.
  package func unsentBytes(_ link: LinkID) -> Int {
    links.contains(link) ? links[link].outbox.count : 0
  }

  /// Whether the kernel takes no more for now; ``LinkEvent/drained`` will follow.
  package func isBlocked(_ link: LinkID) -> Bool {
    links.contains(link) && links[link].marks.contains(.blocked)
  }

  func markDirty(_ link: LinkID) {
    if links[link].marks.contains(.dirty) { return }
    links[link].marks.insert(.dirty)
    dirty.append(link)
  }

  /// The second half of a turn.
  func writeTurn() {
    if !runs.isEmpty { writeRuns() }
    for link in dirty where links.contains(link) {
      links[link].marks.remove(.dirty)
      // A blocked link is written when the kernel says so; until then it would answer the same.
      if !links[link].marks.contains(.blocked), !links[link].stage.isOpening { writeOutbox(link) }
    }
    dirty.removeAll(keepingCapacity: true)
  }

  /// Writes what the kernel takes.
  ///
  /// Reports `drained` if the link had been blocked and is not any more.
  func writeOutbox(_ link: LinkID) {
    if !links[link].outbox.isEmpty, !writeAll(link) { return }
    recycle(links[link].outbox.take())
    if case .closing = links[link].stage { return finishClosing(link) }
    if !links[link].marks.contains(.blocked) { return }
    links[link].marks.remove(.blocked)
    watchAgain(link)
    if links[link].stage.isOpening { return }
    if case .webSocket(let box)? = links[link].stage.layers?.speech { sendPong(link, box) }
    report(link, links[link].owner, .drained)
  }

  /// True when everything went out.
  private func writeAll(_ link: LinkID) -> Bool {
    let layers: Layers?
    switch links[link].stage {
    case .silent(let some), .open(let some), .closing(let some, _): layers = some
    case .climbing(let climb): layers = climb.layers
    case .connecting, .unwritable, .lingering: return false
    }
    let delivery = links[link].outbox.withUnsafeBytes { links[link].transmit(layers, $0) }
    switch delivery {
    case .bytes(let count):
      links[link].outbox.consume(count)
      if links[link].outbox.isEmpty { return true }
    case .wouldBlock: break
    case .failed(let reason):
      failWriting(link, reason)
      return false
    }
    awaitRoom(link)
    return false
  }

  /// The peer takes nothing any more, but what it sent before it left, such as a DISCONNECT, still
  /// counts: the link is read to its end first, and what it has not taken is told with that.
  private func failWriting(_ link: LinkID, _ reason: LinkEnd) {
    switch links[link].stage {
    case .silent(let layers), .open(let layers):
      links[link].stage = .unwritable(Breakage(layers, reason))
      links[link].marks.insert(.hasInput)
      links[link].marks.remove([.blocked, .paused])
      lookAgain(link)
    case .connecting, .climbing, .unwritable, .closing, .lingering: end(link, reason)
    }
  }

  func recycle(_ buffer: consuming ByteBuffer) {
    guard keepsSpareBuffers, buffer.capacity > 0 else { return }
    buffer.clear()
    spare.push(buffer)
  }
}
