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
      let link = LinkID(SlotIdentifier(word: kernelEvents[position].word))
      if links.contains(link) { handleLink(link, kernelEvents[position].mask) }
    }
    // Who comes is let in when those who are in have been read, for they may be leaving.
    for position in 0..<count {
      if let token = Token(word: kernelEvents[position].word) { handleToken(token) }
    }
    welcomeNewcomers()
    // Last, for what they answer to went out a moment ago; without those that have just come.
    lookAtUnwatched(unwatchedCount)
    if shortage == .decided { shortage = .none }
    continueReadOuts()
    expireDeadlines()
    isReading = false
    hasReadAll = isComplete && ready.isEmpty && passedOver.isEmpty
  }

  private func waitForEvents() -> Int {
    let hasWork =
      !ready.isEmpty || !passedOver.isEmpty || !late.isEmpty || !unwatched.isEmpty
      || !readOuts.isEmpty || shortage == .decided
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
      links[link].marks.remove(.queued)
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
      links[link].marks.insert(.hasInput)
      if mask & (linux_peer_finished | linux_failed) != 0 {
        links[link].marks.insert(.hangup)
        links[link].marks.remove(.paused)
      }
    }
    if case .connecting(let attempt) = links[link].stage {
      finishConnect(link, attempt)
    } else {
      advance(link)
    }
  }

  /// Does whatever the link can do now: set up a layer, write what was blocked, read.
  func advance(_ link: LinkID) {
    switch links[link].stage {
    case .connecting: return
    case .climbing(let climb): return advanceStep(link, climb)
    case .silent, .open, .unwritable, .closing, .lingering: break
    }
    if links[link].marks.contains(.blocked) {
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
    switch links[link].stage {
    case .closing(_, .brief), .closing(_, .full), .lingering(isHeard: false): return
    case .climbing(let climb):
      if case .accepted(let arrival, _) = climb.goal {
        return report(link, 0, .turnedAway(arrival, reason))
      }
    case .connecting, .silent, .open, .unwritable, .closing(_, .heard), .lingering: break
    }
    report(link, links[link].owner, .ended(reason, unsentBytes: links[link].outbox.count))
  }

  /// Frees the slot, which closes the socket.
  func forget(_ link: LinkID) {
    links.remove(link)
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

  private func isWaiting(_ deadline: Instant, _ link: LinkID) -> Bool {
    links.contains(link) && links[link].stage.deadline == deadline
  }

  private func isClosing(_ deadline: Instant, _ link: LinkID) -> Bool { links.contains(link) }

  /// What has come may have met a deadline, so each link is looked at before its own falls.
  private func expireDeadlines() {
    while let due = connects.takeDue(now) {
      guard isWaiting(due.at, due.link), case .connecting(let attempt) = links[due.link].stage
      else { continue }
      if linux_is_connect_over(links[due.link].descriptor) != 0 { finishConnect(due.link, attempt) }
      if isWaiting(due.at, due.link), case .connecting(let attempt) = links[due.link].stage {
        abandonAttempt(due.link, attempt)
      }
    }
    while let due = handshakes.takeDue(now) {
      if isWaiting(due.at, due.link) { lookOnceMore(due.link) }
      if isWaiting(due.at, due.link), case .climbing(let climb) = links[due.link].stage {
        end(due.link, climb.timeout(seconds: handshakeLimitSeconds))
      }
    }
    while let due = farewells.takeDue(now) {
      if isClosing(due.at, due.link) { lookOnceMore(due.link) }
      if isClosing(due.at, due.link) { end(due.link, .closedHere) }
    }
  }

  private func lookOnceMore(_ link: LinkID) {
    links[link].marks.insert(.hasInput)
    advance(link)
  }
}
