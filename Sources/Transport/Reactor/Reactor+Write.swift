// From outboxes to sockets: after the tick, one write per link that got something.

import CLinux
import Glibc
package import MQTTCodec

extension Reactor {
  /// Hands bytes over; they are written after the tick, behind what is still unsent.
  ///
  /// Bytes for a link that is gone or closing are dropped.
  package func send(_ bytes: consuming ByteBuffer, on link: LinkID) {
    guard links.contains(link), !links[link.index].flags.contains(.closing), !bytes.isEmpty
    else { return recycle(bytes) }
    if links[link.index].flags.contains(.webSocket) { return sendFrame(bytes, link) }
    enqueue(bytes, link)
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
    links[index].flags.insert(.blocked)
    watchForWriting(link)
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
  /// counts: the link is read to its end first.
  private func failWriting(_ link: LinkID) {
    if links[link.index].flags.contains(.closing) { return forget(link) }
    links[link.index].outbox = ByteBuffer()
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
