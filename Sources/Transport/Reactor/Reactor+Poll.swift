// The first half of a turn: what has happened since the last one.

import Basis
import CLinux
import Glibc

extension Reactor {
  /// Waits, then reads everything that is ready, as far as the arena reaches.
  func readTurn() {
    turn.removeAll(keepingCapacity: true)
    arena.clear()
    let count = waitForEvents()
    now = MonotonicClock.now
    isReading = true
    if !late.isEmpty { swap(&turn, &late) }
    collectMail()
    lookAtReady()
    let isComplete = count < Self.eventLimit
    let unwatchedCount = unwatched.count
    for position in 0..<count {
      let link = LinkID(word: kernelEvents[position].word)
      if links.contains(link) { handleLink(link, kernelEvents[position].mask) }
    }
    // Who comes is let in when those who are in have been read, for they may be leaving.
    for position in 0..<count {
      let link = LinkID(word: kernelEvents[position].word)
      if link.generation == 0 { handleToken(Token(word: link.word)) }
    }
    // Last, for what they answer to went out a moment ago; without those that have just come.
    lookAtUnwatched(unwatchedCount)
    continueReadOuts()
    expireDeadlines()
    isReading = false
    state.pointee.hasReadAll = isComplete && ready.isEmpty && passedOver.isEmpty
  }

  private func waitForEvents() -> Int {
    let hasWork =
      !ready.isEmpty || !passedOver.isEmpty || !late.isEmpty || !unwatched.isEmpty
      || !readOuts.isEmpty
    let nanoseconds = hasWork ? 0 : nanosecondsToDeadline()
    let mayWait = nanoseconds != 0 && alarm.fallAsleep()
    var count: Int32
    if mayWait && keepsTimePrecisely, let nanoseconds {
      count = linux_epoll_wait_precisely(
        epoll.number, kernelEvents, Int32(Self.eventLimit), nanoseconds)
    } else {
      // In milliseconds, rounded up; -1 is for ever.
      let timeout = nanoseconds.map { Int32(clamping: ($0 + 999_999) / 1_000_000) } ?? -1
      count = linux_epoll_wait(
        epoll.number, kernelEvents, Int32(Self.eventLimit), mayWait ? timeout : 0)
    }
    // A process that goes on after it was stopped gets no events but this, whatever lies there.
    while count < 0, errno == EINTR {
      count = linux_epoll_wait(epoll.number, kernelEvents, Int32(Self.eventLimit), 0)
    }
    alarm.wakeUp()
    return max(0, Int(count))
  }

  /// Zero when something is due, nil when nothing is due ever.
  private func nanosecondsToDeadline() -> Int64? {
    nextDeadline().map { max(0, $0.nanoseconds(since: MonotonicClock.now)) }
  }

  /// Goes through the links that had more to do when the last turn ended.
  private func lookAtReady() {
    if ready.isEmpty && passedOver.isEmpty { return }
    swap(&passedOver, &resting)
    resting += ready
    ready.removeAll(keepingCapacity: true)
    for link in resting where links.contains(link) {
      links[link.index].flags.remove(.queued)
      advance(link)
    }
    resting.removeAll(keepingCapacity: true)
  }

  private func handleToken(_ token: Token) {
    switch token {
    case .alarm: break
    case .listener(let index): acceptAll(index)
    case .watched(let descriptor): report(.none, 0, .readable(descriptor: descriptor))
    }
  }

  private func handleLink(_ link: LinkID, _ mask: UInt32) {
    if mask & (linux_readable | linux_peer_finished | linux_failed) != 0 {
      links[link.index].flags.insert(.hasInput)
      if mask & (linux_peer_finished | linux_failed) != 0 {
        links[link.index].flags.insert(.hangup)
        links[link.index].flags.remove(.paused)
      }
    }
    if links[link.index].flags.contains(.connecting) {
      finishConnect(link)
    } else {
      advance(link)
    }
  }

  /// Does whatever the link can do now: shake hands, write what was blocked, read.
  func advance(_ link: LinkID) {
    let flags = links[link.index].flags
    if flags.contains(.connecting) { return }
    if flags.contains(.handshaking) { return advanceStep(link) }
    if flags.contains(.blocked) {
      writeOutbox(link)
      guard links.contains(link) else { return }
    }
    readLink(link)
  }

  /// Ends the link and tells its owner.
  func end(_ link: LinkID, _ reason: LinkEnd) {
    tellEnd(link, reason)
    forget(link)
  }

  func tellEnd(_ link: LinkID, _ reason: LinkEnd) {
    let flags = links[link.index].flags
    if flags.contains(.closing) && !flags.contains(.leaving) { return }
    if let more = links[link.index].more, let peer = more.peer {
      report(link, 0, .turnedAway(listener: more.listener, peer: peer, reason))
    } else {
      report(
        link, links[link.index].owner,
        .ended(reason, unsentBytes: links[link.index].outbox.count))
    }
  }

  /// Frees the slot, which closes the socket.
  func forget(_ link: LinkID) {
    links.remove(link.index)
  }

  // Deadlines

  private func nextDeadline() -> Instant? {
    var next = wakeDeadline
    func consider(_ candidate: Instant?) {
      if let candidate, next.map({ candidate < $0 }) ?? true { next = candidate }
    }
    consider(handshakes.earliest(where: isWaiting))
    consider(connects.earliest(where: isWaiting))
    consider(farewells.earliest(where: isClosing))
    return next
  }

  private func timeout(of step: LinkStep) -> LinkEnd {
    switch step {
    case .tls: .handshakeTimedOut(seconds: handshakeLimitSeconds)
    case .webSocket: .webSocketTimedOut(seconds: handshakeLimitSeconds)
    case .proxyHeader: .proxyHeaderTimedOut(seconds: handshakeLimitSeconds)
    case .socks: .socksTimedOut(seconds: handshakeLimitSeconds)
    }
  }

  private func isWaiting(_ deadline: Instant, _ link: LinkID) -> Bool {
    links.contains(link)
      && !links[link.index].flags.isDisjoint(with: [.connecting, .handshaking])
      && !links[link.index].flags.contains(.closing)
      && links[link.index].more?.deadline == deadline
  }

  private func isClosing(_ deadline: Instant, _ link: LinkID) -> Bool { links.contains(link) }

  /// What has come may have met a deadline, so each link is looked at before its own falls.
  private func expireDeadlines() {
    while let due = connects.takeDue(now) {
      if isWaiting(due.at, due.link) { abandonAttempt(due.link) }
    }
    while let due = handshakes.takeDue(now) {
      if isWaiting(due.at, due.link) { lookOnceMore(due.link) }
      if isWaiting(due.at, due.link) {
        end(due.link, timeout(of: links[due.link.index].more?.step ?? .tls))
      }
    }
    while let due = farewells.takeDue(now) {
      if isClosing(due.at, due.link) { lookOnceMore(due.link) }
      if isClosing(due.at, due.link) { end(due.link, .closedHere) }
    }
  }

  private func lookOnceMore(_ link: LinkID) {
    links[link.index].flags.insert(.hasInput)
    advance(link)
  }
}
