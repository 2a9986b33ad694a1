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
    guard links.contains(link), !links[link.index].flags.contains(.closing), !bytes.isEmpty
    else { return recycle(bytes) }
    settleRuns(link)
    if links[link.index].flags.contains(.webSocket) { return sendFrame(bytes, link) }
    enqueue(bytes, link)
  }

  /// The same with bytes that others send too; they are written from where they stand.
  package func send(_ run: SharedRun, on link: LinkID) {
    guard links.contains(link), !links[link.index].flags.contains(.closing) else { return }
    // Where they cannot be written as they are, and where that would only cost a system call more,
    // they are copied.
    let isSmall = run.count < Self.copiedBytes && !links[link.index].outbox.isEmpty
    let isPlain =
      links[link.index].flags.isDisjoint(with: [.webSocket, .blocked, .connecting, .handshaking])
      && links[link.index].more?.tls == nil
    if !isPlain || (isSmall && !links[link.index].flags.contains(.sharing)) {
      var bytes = takeSpareBuffer() ?? ByteBuffer()
      run.withBytes { bytes.append($0) }
      return send(bytes, on: link)
    }
    runs.append((link, run))
    links[link.index].flags.insert(.sharing)
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
    let index = link.index
    links[index].flags.remove(.sharing)
    if !links[index].outbox.isEmpty && !links[index].flags.contains(.blocked) { writeOutbox(link) }
    if !links.contains(link) || links[index].flags.contains(.writeFailed) { return }
    if !links[index].outbox.isEmpty { return copy(run, from: 0, link) }
    let result = run.withBytes { bytes in
      bytes.withUnsafeBytes { sendBytes(links[index].descriptor, $0) }
    }
    switch result {
    case .bytes(let count):
      if count == run.count { return }
      copy(run, from: count, link)
    case .wouldBlock: copy(run, from: 0, link)
    case .failed: return failWriting(link)
    }
    awaitRoom(link)
  }

  /// The kernel takes no more for now, and tells when it does.
  private func awaitRoom(_ link: LinkID) {
    links[link.index].flags.insert(.blocked)
    watchForWriting(link)
  }

  private func copy(_ run: SharedRun, from offset: Int, _ link: LinkID) {
    run.withBytes(from: offset) { links[link.index].outbox.append($0) }
  }

  /// Copies what is shared behind the outbox, for a link that ends, goes elsewhere or gets more.
  func settleRuns(_ link: LinkID) {
    if !links[link.index].flags.contains(.sharing) { return }
    links[link.index].flags.remove(.sharing)
    for (other, run) in runs where other == link { copy(run, from: 0, link) }
    runs.removeAll { $0.link == link }
  }

  /// Puts bytes behind those that are unsent, as they are.
  func enqueue(_ bytes: consuming ByteBuffer, _ link: LinkID) {
    if links[link.index].outbox.isEmpty {
      links[link.index].outbox = bytes
    } else {
      links[link.index].outbox.append(bytes.span)
      recycle(bytes)
    }
    markDirty(link)
  }

  /// Bytes handed over that the kernel has not taken.
  package func unsentBytes(_ link: LinkID) -> Int {
    links.contains(link) ? links[link.index].outbox.count : 0
  }

  /// Whether the kernel takes no more for now; ``LinkEvent/drained`` will follow.
  package func isBlocked(_ link: LinkID) -> Bool {
    links.contains(link) && links[link.index].flags.contains(.blocked)
  }

  func markDirty(_ link: LinkID) {
    if links[link.index].flags.contains(.dirty) { return }
    links[link.index].flags.insert(.dirty)
    dirty.append(link)
  }

  /// The second half of a turn.
  func writeTurn() {
    if !runs.isEmpty { writeRuns() }
    for link in dirty where links.contains(link) {
      links[link.index].flags.remove(.dirty)
      // A blocked link is written when the kernel says so; until then it would answer the same.
      if links[link.index].flags.isDisjoint(with: [.blocked, .connecting, .handshaking]) {
        writeOutbox(link)
      }
    }
    dirty.removeAll(keepingCapacity: true)
  }

  /// Writes what the kernel takes.
  ///
  /// Reports `drained` if the link had been blocked and is not any
  /// more.
  func writeOutbox(_ link: LinkID) {
    let index = link.index
    if !links[index].outbox.isEmpty, !links[index].flags.contains(.writeFailed) {
      let isWritten =
        if let tls = links[index].more?.tls {
          writeProtected(link, tls)
        } else {
          writePlain(link)
        }
      if !isWritten { return }
    }
    if !links[index].outbox.isEmpty { return }
    recycle(links[index].outbox.take())
    if links[index].flags.contains(.closing) { return finishClosing(link) }
    if links[index].flags.contains(.blocked) {
      links[index].flags.remove(.blocked)
      watchAgain(link)
      if links[index].flags.contains(.handshaking) { return }
      if links[index].flags.contains(.webSocket) { sendPong(link) }
      report(link, links[index].owner, .drained)
    }
  }

  /// True when everything went out.
  private func writePlain(_ link: LinkID) -> Bool {
    let index = link.index
    let result = links[index].outbox.withUnsafeBytes { bytes in
      sendBytes(links[index].descriptor, bytes)
    }
    switch result {
    case .bytes(let count):
      links[index].outbox.consume(count)
      if links[index].outbox.isEmpty { return true }
    case .wouldBlock: break
    case .failed:
      failWriting(link)
      return false
    }
    awaitRoom(link)
    return false
  }

  private func writeProtected(_ link: LinkID, _ tls: TLSBox) -> Bool {
    let index = link.index
    let result = links[index].outbox.withUnsafeBytes { bytes in tls.session.write(bytes) }
    switch result {
    case .bytes(let count):
      links[index].outbox.consume(count)
      if links[index].outbox.isEmpty { return true }
    case .wantsRead, .wantsWrite: break
    case .failed(let failure):
      links[index].more?.failure = failure
      failWriting(link)
      return false
    }
    links[index].flags.insert(.blocked)
    watchAgain(link)
    return false
  }

  /// The peer takes nothing any more, but what it sent before it left, such as a DISCONNECT, still
  /// counts: the link is read to its end first, and what it has not taken is told with that.
  private func failWriting(_ link: LinkID) {
    if links[link.index].flags.contains(.closing) {
      return end(link, .failed(SystemError(code: EPIPE, call: "write")))
    }
    links[link.index].flags.insert([.writeFailed, .hasInput])
    links[link.index].flags.remove([.blocked, .paused])
    lookAgain(link)
  }

  func recycle(_ buffer: consuming ByteBuffer) {
    guard keepsSpareBuffers, buffer.capacity > 0 else { return }
    buffer.clear()
    spare.push(buffer)
  }
}
