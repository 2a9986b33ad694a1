// What must hold between the parts, and of the peers: each part checks its own promises first. The
// simulation asks after every step; it walks over everything, so nobody else does.

import Basis
import MQTTSession

extension Broker {
  /// Traps when something that the engine promises itself does not hold.
  package func checkInvariants() {
    routing.checkInvariants()
    mail.checkInvariants()
    retained.checkInvariants()
    recorder.checkInvariants()
    gate.checkInvariants()
    status.checkInvariants()
    checkConnections()
    checkSessions()
    checkReferences()
  }

  /// A connection has its place as long as it is open, and a session as long as that has it.
  private func checkConnections() {
    var places = 0
    var unidentified = 0
    var online = 0
    for index in connections.slots where connections.isOccupied(index) {
      if connections[index].hasPlace {
        places += 1
        if !connections[index].isSettled { unidentified += 1 }
      }
      guard let session = connections[index].session else {
        precondition(connections[index].stage != .connected, "a client without a session")
        continue
      }
      online += 1
      precondition(sessions.isOccupied(session), "a client whose session is gone")
      precondition(sessions[session].connection == index, "a session that another client has")
    }
    precondition(places == gate.placeCount, "places are miscounted")
    precondition(unidentified == gate.logins.unidentifiedCount, "newcomers are miscounted")
    precondition(
      isShuttingDown || online == status.counters.connectedClients, "clients are miscounted")
  }

  private func checkSessions() {
    var subscriptionCount = 0
    var deliveryCount = 0
    for session in sessions.slots where sessions.isOccupied(session) {
      let identifier = sessions[session].clientIdentifier
      precondition(
        sessionsByIdentifier[identifier.exact] == session, "a session that its name does not find")
      if let connection = sessions[session].connection {
        precondition(connections[connection].session == session, "a client of another session")
      }
      var filters = 0
      routing.subscriptions.forEach(firstOfSession: sessions[session].firstSubscription) { _, _ in
        filters += 1
      }
      precondition(
        filters == Int(sessions[session].subscriptionCount), "subscriptions are miscounted")
      subscriptionCount += filters
      sessions[session].sender.checkInvariants()
      deliveryCount += checkQueue(of: session)
    }
    precondition(sessionsByIdentifier.count == sessions.count, "a name without a session")
    precondition(
      subscriptionCount == routing.subscriptions.count, "a subscription without a session")
    precondition(deliveryCount == mail.deliveries.count, "a delivery that nobody waits for")
  }

  /// What waits for a session is there, and counted; how many deliveries the session has in all.
  private func checkQueue(of session: Slot<Session>) -> Int {
    let queued = sessions[session].queue.all
    let bytes = queued.reduce(0) { $0 + mail.byteCount(of: $1) }
    precondition(bytes == sessions[session].queue.byteCount, "bytes of a queue are miscounted")
    precondition(
      Int(sessions[session].replayCount) <= queued.count, "more goes first than there is")
    precondition(
      queued.count { mail.deliveries[$0].isReplay } == Int(sessions[session].replayedCount),
      "retained messages of a queue are miscounted")
    let flying = sessions[session].sender.unfinished.compactMap(\.delivery)
    let withheld = sessions[session].withheld?.deliveries ?? []
    for delivery in queued + flying + withheld {
      let owner = mail.deliveries[delivery].owner
      precondition(
        mail.deliveries[delivery].position == 0 || owner == session, "a delivery of another session"
      )
    }
    if let tail = sessions[session].tail {
      precondition(tail.count > 0, "a tail with nothing in it")
      precondition(
        recorder.paging.owners[tail.session] == sessions.identifier(at: session),
        "a tail whose owner is another")
    }
    return queued.count + flying.count + withheld.count
  }

  /// A message is held by its deliveries and its topic, and by nobody else.
  private func checkReferences() {
    var holders = [Int32](repeating: 0, count: mail.messages.upperBound)
    for delivery in mail.deliveries.slots where mail.deliveries.isOccupied(delivery) {
      holders[mail.deliveries[delivery].message.position] += 1
    }
    for message in retained.all { holders[message.position] += 1 }
    var inTail = 0
    for message in mail.messages.slots where mail.messages.isOccupied(message) {
      precondition(
        mail.messages[message].references == holders[message.position], "a message is miscounted")
      if !mail.messages[message].isInTail { continue }
      inTail += 1
      precondition(
        recorder.paging.bodies[mail.messages[message].record] == message,
        "a message that tails do not know")
    }
    precondition(inTail == recorder.paging.bodies.count, "a tail's message that is not in memory")
  }
}
