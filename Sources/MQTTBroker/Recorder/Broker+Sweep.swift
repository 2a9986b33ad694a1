// What is done to queues in the background, a slice at a time, so that nobody waits for it: expired
// messages go from the queues, what another member of a shared group can have is given to it when a
// member goes, and the tails of sessions that ended are removed.
//
// There is one slice under way at a time. A crash between two of them leaves a tail without its
// session, which the next start finds and goes on with. (Broker+Load)

import Basis
import MQTTSession

extension Broker {
  /// Queues are searched for expired messages at most this often, and at times that are multiples
  /// of it, so that many different expiries do not make many searches.
  static let sweepIntervalSeconds = 30

  // MARK: Expiry

  /// Something that waits for a session expires at an instant.
  mutating func sweep(_ session: Slot<Session>, at expiresAt: Instant) {
    if expiresAt == Message.never { return }
    let interval = Int64(Self.sweepIntervalSeconds) * 1_000_000_000
    let at = clock.startedAt.advanced(
      byNanoseconds: (max(expiresAt, now).nanoseconds(since: clock.startedAt) / interval + 1)
        * interval)
    if at >= sessions[session].sweepAt { return }
    sessions[session].sweepAt = at
    deadlines.insert(.queueSweep(sessions.identifier(at: session)), at: at)
  }

  /// A session's queue is due to be searched; its tail only while nobody reads it.
  mutating func sweepQueue(of session: Slot<Session>) {
    sessions[session].sweepAt = Message.never
    var kept = DeliveryQueue()
    for delivery in sessions[session].queue.all {
      let message = mail.deliveries[delivery].message
      if mail.messages[message].isExpired(now: now) {
        status.counters.messagesExpired += 1
        if mail.deliveries[delivery].isReplay { sessions[session].replayedCount -= 1 }
        dropDelivery(delivery)
      } else {
        kept.append(delivery)
        kept.byteCount += mail.messages[message].bytes.count
        sweep(session, at: mail.messages[message].expiresAt)
      }
    }
    sessions[session].queue = kept
    sessions[session].replayCount = min(sessions[session].replayCount, UInt32(kept.count))
    sweepWithheld(of: session)
    if !sessions[session].isOnline {
      sweepTail(of: session, handsOver: false)
    } else if sessions[session].tail != nil {
      // Its client may leave before it has read everything.
      sweep(session, at: now)
    }
  }

  private mutating func sweepWithheld(of session: Slot<Session>) {
    guard let withheld = sessions[session].withheld else { return }
    let deliveries = withheld.deliveries
    withheld.deliveries = []
    withheld.byteCount = 0
    for delivery in deliveries {
      let message = mail.deliveries[delivery].message
      if mail.messages[message].isExpired(now: now) {
        status.counters.messagesExpired += 1
        dropDelivery(delivery)
      } else {
        withheld.deliveries.append(delivery)
        withheld.byteCount += mail.messages[message].bytes.count
        sweep(session, at: mail.messages[message].expiresAt)
      }
    }
  }

  // MARK: Walks over tails

  /// Begins a walk over a session's tail, or begins it anew.
  mutating func sweepTail(of session: Slot<Session>, handsOver: Bool) {
    guard let tail = sessions[session].tail else { return }
    if tail.sweptTo == nil { recorder.paging.sweeping.append(session) }
    tail.sweptTo = tail.after
    tail.sweptGroups = false
    tail.sweptExpiry = Message.never
    if handsOver { tail.handsOver = true }
  }

  /// A client is back: its tail is read now, and not walked over.
  mutating func stopSweep(of session: Slot<Session>) {
    guard let tail = sessions[session].tail, tail.sweptTo != nil else { return }
    tail.sweptTo = nil
    tail.handsOver = false
    sweep(session, at: now)
  }

  /// The next slice of what is to be done in the background.
  mutating func backgroundRequest() -> PageRequest? {
    for _ in 0..<recorder.paging.sweeping.count {
      guard let session = recorder.paging.sweeping.first else { break }
      // The slot may have another tenant by now, or none.
      guard sessions.isOccupied(session), let tail = sessions[session].tail,
        let sweptTo = tail.sweptTo
      else {
        _ = recorder.paging.sweeping.removeFirst()
        continue
      }
      if tail.request == 0 {
        return slice(of: tail, after: max(sweptTo, tail.after), wantsBodies: tail.handsOver)
      }
      // A page of its window is still under way, from the time before the client left.
      recorder.paging.sweeping.append(recorder.paging.sweeping.removeFirst())
    }
    guard let tail = recorder.paging.removed.last else { return nil }
    return slice(of: tail, after: tail.after, wantsBodies: routing.subscriptions.groups.count > 0)
  }

  private mutating func slice(of tail: QueueTail, after: UInt64, wantsBodies: Bool) -> PageRequest {
    recorder.paging.backgroundRequest = recorder.paging.takeRequest()
    return PageRequest(
      number: recorder.paging.backgroundRequest, session: tail.session, after: after,
      messages: Paging.sliceLimit,
      bytes: wantsBodies ? configuration.queueWindowByteLimit : .max, wantsBodies: wantsBodies)
  }

  /// A slice is here.
  mutating func sweep(_ page: QueuePage) {
    if let owner = recorder.paging.owners[page.request.session],
      let tail = sessions[owner.index].tail
    {
      if tail.sweptTo != nil { sweep(owner.index, tail, page) }
    } else if let tail = recorder.paging.removed.last, tail.session == page.request.session {
      remove(tail, page)
    }
  }

  private mutating func sweep(_ session: Slot<Session>, _ tail: QueueTail, _ page: QueuePage) {
    for paged in page.entries where paged.entry.position > tail.after {
      tail.sweptTo = paged.entry.position
      if paged.entry.group != nil { tail.sweptGroups = true }
      let expiresAt = paged.expiresAtUnixSeconds.map { clock.instant(atUnixSeconds: $0) }
      if let expiresAt, expiresAt <= now {
        status.counters.messagesExpired += 1
        end(paged.entry, of: tail)
      } else if !(tail.handsOver && handOver(paged, of: tail, session)) {
        tail.sweptExpiry = min(tail.sweptExpiry, expiresAt ?? Message.never)
      }
    }
    if tail.count > 0 && !page.entries.isEmpty && (tail.sweptTo ?? 0) < tail.last { return }
    tail.sweptTo = nil
    tail.handsOver = false
    tail.mayHaveGroups = tail.sweptGroups
    sweep(session, at: tail.sweptExpiry)
    if tail.count <= 0 { detachTail(of: session) }
  }

  /// Gives an entry to another member of its group; false when there is none that could have it.
  private mutating func handOver(
    _ paged: PagedEntry, of tail: QueueTail, _ session: Slot<Session>
  ) -> Bool {
    guard let name = paged.entry.group, let group = routing.subscriptions.group(named: name),
      let message = paged.message
    else { return false }
    let topic = message.bytes.span.extracting(0..<message.topicLength)
    guard hasOtherMember(of: group, than: session, topic: topic), let delivery = restore(paged)
    else { return false }
    end(paged.entry, of: tail)
    giveToGroup(delivery, except: session)
    return true
  }

  // MARK: Tails without a session

  /// Takes the tail of a session that ends away from it, to be removed in the background.
  mutating func removeTail(of session: Slot<Session>) {
    guard let tail = sessions[session].tail else { return }
    detachTail(of: session)
    tail.sweptTo = nil
    tail.request = 0
    recorder.paging.removed.insert(tail, at: max(0, recorder.paging.removed.count - 1))
  }

  private mutating func remove(_ tail: QueueTail, _ page: QueuePage) {
    for paged in page.entries {
      tail.after = paged.entry.position
      let delivery = paged.entry.group == nil ? nil : restore(paged)
      end(paged.entry, of: tail)
      if let delivery { giveToGroup(delivery, except: nil) }
    }
    if page.entries.isEmpty || tail.count <= 0 { recorder.paging.removed.removeLast() }
  }
}
