// HUP: the configuration and the files that it names are read again. Everything that can fail is done
// first, so a configuration that cannot be used changes nothing. Listeners that stay keep their
// sockets and connections, with renewed certificates for who comes from now on; new ones are opened;
// those that are gone are closed, and their clients are told.

import Basis
import Glibc
import MQTTBroker
import Settings
import Synchronization
import Transport

extension Server {
  /// Reads the configuration again and does as it says from now on; what is wrong goes to the log.
  package func reload() {
    guard let rereading = current.withLock({ $0.configuration.rereading }) else { return }
    ServiceNotice.send(
      "RELOADING=1\nMONOTONIC_USEC=\(MonotonicClock.now.nanoseconds / 1000)")
    defer { ServiceNotice.send("READY=1") }
    switch rereading() {
    case .refused(let reasons): refuse(reasons)
    case .configuration(let configuration):
      do throws(ServerError) { try take(configuration.dated()) } catch { refuse(["\(error)"]) }
    }
    log.flush()
  }

  private func refuse(_ reasons: [String]) {
    for reason in reasons { engine.write(.error, reason) }
    engine.write(.error, "SIGHUP: the new configuration cannot be used, everything stays as it was")
  }

  private func take(_ configuration: ServerConfiguration) throws(ServerError) {
    if let overlap = configuration.overlaps.first { throw overlap }
    let before = current.withLock { $0 }
    let arrangement = before.table.arranged(configuration.listeners)
    var kept: [(number: Int, layers: ListenerLayers)] = []
    for number in arrangement.kept {
      guard let listener = arrangement.table.numbers[number] else { continue }
      kept.append((number, try OpenListeners.layers(listener)))
    }
    let sockets = try openSockets(arrangement, before)
    do throws(SystemError) {
      try log.configure(configuration.settings.log, owner: configuration.account)
    } catch {
      reopen(arrangement.removed, before)
      throw .system(error)
    }
    let changes =
      arrangement.removed.map { ListenerChange.close($0) }
      + kept.map { .change($0.number, $0.layers) } + sockets.open.map { .open($0) }
    let broker = arrangement.table.numbered(configuration)
    let reactors = engine.state.withLock { state in
      state.broker.reconfigure(broker, now: MonotonicClock.now)
      for number in arrangement.removed {
        state.broker.close(listener: number, now: MonotonicClock.now)
      }
      state.listenerChanges += changes
      return state.reactors
    }
    for reactor in reactors { reactor.wake() }
    current.withLock { current in
      current.configuration = configuration
      current.table = arrangement.table
      current.places.removeAll { arrangement.removed.contains($0.number) }
      current.places += sockets.open.map { ($0.index, $0.address) }
    }
    let renewed = kept.filter { $0.layers.tls != nil }.map(\.number)
    tell(arrangement, renewed, sockets, before, configuration)
  }

  /// Opens what is new.
  ///
  /// Where it takes the place of something that goes, that has to go first; if it fails even then,
  /// what went comes back.
  private func openSockets(_ arrangement: ListenerTable.Arrangement, _ before: Current)
    throws(ServerError) -> OpenListeners
  {
    do throws(ServerError) {
      return try OpenListeners(arrangement.table, arrangement.added)
    } catch {
      guard case .listenerUnavailable(_, let cause, _) = error, cause.isAddressInUse,
        !arrangement.removed.isEmpty
      else { throw error }
    }
    change(arrangement.removed.map { .close($0) })
    waitForChanges()
    do throws(ServerError) {
      return try OpenListeners(arrangement.table, arrangement.added)
    } catch {
      reopen(arrangement.removed, before)
      throw error
    }
  }

  /// Opens listeners again that were closed, if they were.
  private func reopen(_ numbers: [Int], _ before: Current) {
    do throws(ServerError) {
      change(try OpenListeners(before.table, numbers).open.map { .open($0) })
    } catch {
      // They were never closed, or somebody else was quicker.
      if case .listenerUnavailable(_, let cause, _) = error, cause.isAddressInUse { return }
      engine.write(.error, "\(error)")
    }
  }

  private func change(_ changes: [ListenerChange]) {
    let reactors = engine.state.withLock { state in
      state.listenerChanges += changes
      return state.reactors
    }
    reactors.first?.wake()
  }

  private func waitForChanges() {
    let limit = MonotonicClock.now.advanced(bySeconds: 2)
    while engine.state.withLock({ !$0.listenerChanges.isEmpty }), MonotonicClock.now < limit {
      usleep(1000)
    }
    // The changes were taken; their sockets close within the same tick.
    usleep(20_000)
  }

  // MARK: What has changed

  private func tell(
    _ arrangement: ListenerTable.Arrangement, _ renewed: [Int], _ sockets: OpenListeners,
    _ before: Current, _ after: ServerConfiguration
  ) {
    for warning in after.warnings { engine.write(.warning, warning) }
    let (old, new) = (before.configuration.settings.statements, after.settings.statements)
    for statement in old where !statement.needsRestart && !new.contains(statement) {
      engine.write(.notice, "SIGHUP: gone: \(statement.text)")
    }
    for statement in new where !statement.needsRestart && !old.contains(statement) {
      engine.write(.notice, "SIGHUP: new: \(statement.text)")
    }
    tellOfRestart(before.startStatements, new.filter(\.needsRestart))
    for (number, address) in before.places where arrangement.removed.contains(number) {
      engine.write(.notice, "no longer listening on \(address)")
    }
    announce(sockets, after)
    warnOfDates()
    for (number, address) in before.places where renewed.contains(number) {
      engine.write(.notice, "the TLS files of \(address) were read again")
    }
    engine.write(.notice, "SIGHUP: the configuration was read again")
  }

  /// Names what differs from what the broker was started with and stays as it was, at each reading.
  private func tellOfRestart(_ old: [FileStatement], _ new: [FileStatement]) {
    for statement in old where !new.contains(statement) {
      engine.write(
        .warning,
        "SIGHUP: gone: \(statement.text); this changes only when the broker is started again")
    }
    for statement in new where !old.contains(statement) {
      engine.write(
        .warning,
        "SIGHUP: new: \(statement.text); this changes only when the broker is started again")
    }
  }
}
