// Windows that run low are filled from the store, a page at a time. The engine says what it wants
// next, the shell has it read, and the page comes back as an event like all others; until then the
// world may have changed: the client may be gone or back, its session ended. A page that nobody
// waits for any more is left alone; what it holds is still in the store.

package import Basis
import MQTTSession

extension Broker {
  /// Whether ``nextPageRequest()`` has something to give once the open batch is taken.
  package var wantsPage: Bool { !isShuttingDown && recorder.wantsPage }

  /// Messages that are in memory, those that are retained too.
  package var messagesInMemory: Int { mail.messages.count }

  /// The next page that is wanted; nil when there is none for now.
  ///
  /// For the shell, until it is nil, right after ``takeRecords()``: a page is to be read after that
  /// batch was committed, so there is none while records are in the open batch. Each request is
  /// answered by ``supply(_:now:)`` or ``pageFailed(_:now:)``, in order. While the store has failed
  /// there is none.
  package mutating func nextPageRequest() -> PageRequest? {
    if recorder.journal.isOpen || !wantsPage { return nil }
    while recorder.paging.requestCount < Paging.requestLimit,
      let session = recorder.paging.waiting.first
    {
      _ = recorder.paging.waiting.removeFirst()
      if let request = windowRequest(for: session) { return request }
    }
    return recorder.paging.backgroundRequest == 0 ? backgroundRequest() : nil
  }

  /// A page is here.
  package mutating func supply(_ page: QueuePage, now: Instant) {
    clock.now = now
    if page.request.number == recorder.paging.backgroundRequest {
      recorder.paging.backgroundRequest = 0
      return sweep(page)
    }
    guard let session = answered(page.request) else { return }
    fill(session, page)
    pump(session)
  }

  /// The store could not read a page; it is asked again later.
  package mutating func pageFailed(_ request: PageRequest, now: Instant) {
    clock.now = now
    if !recorder.paging.isPaused {
      recorder.paging.isPaused = true
      deadlines.insert(.pages, at: now.advanced(bySeconds: Paging.retrySeconds))
    }
    if request.number == recorder.paging.backgroundRequest {
      recorder.paging.backgroundRequest = 0
    } else if let session = answered(request) {
      refill(session)
    }
  }

  /// Asks for a page when a session's window runs low.
  mutating func refill(_ session: Slot<Session>) {
    guard let tail = sessions[session].tail, sessions[session].isOnline else { return }
    if tail.sweptTo != nil { stopSweep(of: session) }
    guard !tail.isWaiting, tail.request == 0,
      sessions[session].queue.count <= configuration.queueWindowMessageLimit / 2,
      sessions[session].queue.byteCount <= configuration.queueWindowByteLimit / 2
    else { return }
    tail.isWaiting = true
    recorder.paging.waiting.append(session)
  }

  private mutating func windowRequest(for session: Slot<Session>) -> PageRequest? {
    // The slot may have another tenant by now, or none.
    guard sessions.isOccupied(session), let tail = sessions[session].tail, tail.isWaiting else {
      return nil
    }
    tail.isWaiting = false
    // A client that left meanwhile has a window that is full enough.
    if !sessions[session].isOnline { return nil }
    tail.request = recorder.paging.takeRequest()
    recorder.paging.requestCount += 1
    return PageRequest(
      number: tail.request, session: tail.session, after: tail.after,
      messages: max(1, configuration.queueWindowMessageLimit - sessions[session].queue.count),
      bytes: max(1, configuration.queueWindowByteLimit - sessions[session].queue.byteCount),
      wantsBodies: true)
  }

  /// The session that waits for the answer to a request, which is not open any more.
  private mutating func answered(_ request: PageRequest) -> Slot<Session>? {
    recorder.paging.requestCount -= 1
    guard let owner = recorder.paging.owners[request.session],
      let tail = sessions[owner.index].tail,
      tail.request == request.number
    else { return nil }
    tail.request = 0
    return owner.index
  }

  /// Moves the entries of a page from the tail to the window.
  private mutating func fill(_ session: Slot<Session>, _ page: QueuePage) {
    guard let tail = sessions[session].tail else { return }
    for paged in page.entries {
      let entry = paged.entry
      tail.after = entry.position
      if let seconds = paged.expiresAtUnixSeconds, clock.instant(atUnixSeconds: seconds) <= now {
        status.counters.messagesExpired += 1
        end(entry, of: tail)
      } else if let delivery = restore(paged) {
        mail.deliveries[delivery].position = entry.position
        mail.deliveries[delivery].owner = session
        shorten(tail, by: entry)
        sessions[session].queue.append(delivery)
        sessions[session].queue.byteCount += entry.byteCount
      } else {
        noteLost(session, 1)
        end(entry, of: tail)
      }
    }
    if page.entries.isEmpty { noteLost(session, tail.count) }
    if page.entries.isEmpty || tail.count <= 0 { detachTail(of: session) }
  }

  private mutating func noteLost(_ session: Slot<Session>, _ count: Int) {
    note(
      .error,
      "\(sessions[session].clientIdentifier): \(count) messages of its queue are not in the store "
        + "any more")
  }
}
