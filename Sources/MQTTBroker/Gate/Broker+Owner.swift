// Whose is a session? A client identifier is no secret: whoever may connect can name another one's.
// So a session belongs to the user that made it, and to nobody else while it is there: somebody else
// is told that the identifier is not valid, and nothing of the session changes. With `anybody` it
// goes to whoever names it, which is what mosquitto does.
//
// A user is known by its name, and by how sure that is: a name that a listener only believes is not
// one that another listener has had proven. Clients without a name are what their listener lets
// them be: those of two listeners are the same where these let them do the same.
//
// What waits for the session and its present client may not have is put aside, not used up: it is
// queued again when the client is another one or the rules are read again.

import AccessControl
import Basis
import MQTTCodec
import MQTTSession
import Text

/// Who may go on with a session, or end it.
package enum ClientIdentifierOwner: String, CaseIterable, Sendable {
  /// The user that made it.
  case user
  /// Whoever names its client identifier.
  case anybody = "any"
}

/// Deliveries that a session's present client may not have.
final class WithheldDeliveries {
  /// In the order in which they would have been sent.
  var deliveries: [Slot<Delivery>] = []
  /// Bytes of their messages.
  var byteCount = 0
}

extension Broker {
  // MARK: Owners

  /// Whether a client may have the session of an identifier, if there is one; it is refused if not.
  mutating func mayHaveSession(
    of identifier: String, _ connect: Connect, _ userName: String?, on index: Slot<Connection>
  ) -> Bool {
    guard let session = sessionsByIdentifier[identifier.exact],
      // One whose time is over may still be there for a moment.
      sessions[session].isOnline || sessions[session].expiresAt > now
    else { return true }
    if isOwner(of: session, userName, on: index) {
      if sessions[session].subject.isUnclaimed { noteClaim(identifier, userName) }
      return true
    }
    let owner = Self.text(of: sessions[session].subject)
    if configuration.clientIdentifierOwner == .anybody {
      let newcomer = userName.map { "user \(Self.quoted($0))" } ?? "a client without a user name"
      note(
        .notice,
        "\(identifier): its session goes from \(owner) to \(newcomer) at "
          + "\(connections[index].peer)\(connect.cleanStart ? " and is made anew" : ""); "
          + "--client-id-owner user would refuse that")
      return true
    }
    refuseLogin(
      connect, .clientIdentifierNotValid,
      "the client identifier is that of \(owner), see --client-id-owner", on: index)
    return false
  }

  private mutating func noteClaim(_ identifier: String, _ userName: String?) {
    note(
      .notice,
      "\(identifier): whose session this is was not known, from now on it is that of "
        + (userName.map { "user \(Self.quoted($0))" } ?? "a client without a user name")
        + " (--client-id-owner)")
  }

  private static func text(of subject: SessionSubject) -> String {
    if let userName = subject.userName { return "user \(quoted(userName))" }
    return "a client without a user name"
      + (subject.listenerName.isEmpty ? "" : " at \(subject.listenerName)")
  }

  private func isOwner(of session: Slot<Session>, _ userName: String?, on index: Slot<Connection>)
    -> Bool
  {
    let owner = sessions[session].subject
    if owner.isUnclaimed { return true }
    if owner.userName?.exact != userName?.exact { return false }
    let listener = connections[index].listener
    let before = gate.listenerNow(owner.listener, owner.listenerName)
    if before == listener || before == Gate.noListener { return true }
    let (here, there) = (gate.policy(ofListener: listener), gate.policy(ofListener: before))
    guard let userName else {
      return here.access === there.access
        && terms(of: index).mountPoint == configuration.terms(ofListener: before).mountPoint
    }
    if here.believesNames {
      return there.believesNames || connections[index].extras?.authenticationMethod != nil
    }
    if here.identity != .packet || there.identity != .packet || there.passwords == nil {
      return true
    }
    return here.passwords?.entry(of: userName)?.hash == there.passwords?.entry(of: userName)?.hash
  }

  // MARK: What the present client may not have

  /// Whether a kept message is not for the client that a session has now.
  mutating func isWithheld(
    _ message: Slot<Message>, _ session: Slot<Session>, _ connection: Slot<Connection>
  ) -> Bool {
    if connections[connection].isMounted
      && isOutside(
        mail.messages[message].bytes.span.extracting(mail.messages[message].topic), connection)
    {
      return true
    }
    return gate.isControlled && !mayReceive(session, message: message)
  }

  /// Puts a delivery aside that was taken from a session's queue or flight; another member of its
  /// group gets it at once.
  mutating func withhold(_ delivery: Slot<Delivery>, of session: Slot<Session>) {
    // What is retained is still there.
    if mail.deliveries[delivery].isReplay { return dropDelivery(delivery) }
    if hasOtherMember(delivery, than: session) { return giveToGroup(delivery, except: session) }
    let withheld = sessions[session].withheld ?? WithheldDeliveries()
    let byteCount = mail.messages[mail.deliveries[delivery].message].bytes.count
    let byteLimit = configuration.queueByteLimit
    if withheld.deliveries.count >= configuration.queueMessageLimit
      || byteLimit > 0 && withheld.byteCount + byteCount > byteLimit
    {
      dropForFullQueue(session)
      return dropDelivery(delivery)
    }
    withheld.deliveries.append(delivery)
    withheld.byteCount += byteCount
    sessions[session].withheld = withheld
  }

  /// Puts aside what is under way to the client before, so that no acknowledgement of the present
  /// one can end it.
  mutating func withholdFlight(of session: Slot<Session>, on connection: Slot<Connection>) {
    for entry in sessions[session].sender.unfinished where entry.stage != .awaitingPubcomp {
      if let delivery = entry.delivery,
        isWithheld(mail.deliveries[delivery].message, session, connection)
      {
        withhold(delivery, entry, of: session)
      }
    }
  }

  /// The same for one message under way.
  mutating func withhold(
    _ delivery: Slot<Delivery>, _ entry: SenderFlow.Entry, of session: Slot<Session>
  ) {
    let type = entry.stage == .awaitingPuback ? PacketType.puback : .pubrec
    _ = sessions[session].sender.receive(
      type, entry.packetIdentifier, reasonCode: .notAuthorized)
    // [MQTT-4.8.2-5]
    if entry.stage == .awaitingPubrec { mail.deliveries[delivery].terms.group = nil }
    withhold(delivery, of: session)
  }

  /// Queues what was put aside again, behind all else: nothing of its topics came since.
  mutating func queueWithheld(of session: Slot<Session>) {
    guard let withheld = sessions[session].withheld else { return }
    sessions[session].withheld = nil
    for delivery in withheld.deliveries {
      recordEnd(of: delivery)
      enqueue(delivery, for: session)
    }
  }

  /// The rules may give back what was put aside.
  mutating func queueAllWithheld() {
    for session in sessions.slots
    where sessions.isOccupied(session) && sessions[session].withheld != nil {
      queueWithheld(of: session)
      pump(session)
    }
  }
}
