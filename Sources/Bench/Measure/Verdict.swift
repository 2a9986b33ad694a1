// Whether the broker kept its promises, and whether the generator was fast enough to say so. Each
// quality of service promises something else:
//
//   QoS 0   at most once     duplicates break it; what is lost is told and breaks nothing
//   QoS 1   at least once    losing an acknowledged message breaks it; duplicates are told
//   QoS 2   exactly once     both break it
//
// and all of them order, where there is one path for the messages [MQTT-4.6.0-6].

/// What is to be thought of a run.
package struct Verdict: Equatable, Sendable {
  /// Promises that the broker broke, each in words; empty when it kept all of them.
  package var breaches: [String] = []
  /// What else went wrong: connections that failed or were lost.
  package var troubles: [String] = []
  /// Told without being anybody's fault.
  package var remarks: [String] = []
  /// Why the generator and not the broker was the limit; nil when it was not.
  package var generatorLimit: String?

  /// Whether everything was as it should be.
  package var isFine: Bool { breaches.isEmpty && troubles.isEmpty }
}

extension Verdict {
  /// A thread this busy is at its limit.
  package static let busyShare = 0.9
  /// Lateness of the generator's own making that spoils a measurement, in microseconds.
  package static let lateMicroseconds = 1000.0

  /// Judges a run.
  package init(_ result: RunResult) {
    judgePromises(result)
    judgeConnections(result)
    judgeGenerator(result)
  }

  private mutating func judgePromises(_ result: RunResult) {
    let tally = result.tally
    let quality = result.quality.delivered
    if tally.lost > 0 {
      // Those that were never acknowledged were promised to nobody.
      let open = result.quality.publish == 0 ? 0 : tally.sent - min(tally.sent, tally.acknowledged)
      if result.isInterrupted {
        // The broker was not given the time that it may take.
        remarks.append(
          "\(tally.lost.counted("delivery", "deliveries")) had not come when it was ended")
      } else if quality > 0 && tally.lost > open {
        breaches.append(
          "\(tally.lost.counted("delivery", "deliveries")) of acknowledged messages lost")
      } else {
        remarks.append("\(tally.lost.counted("delivery", "deliveries")) lost")
      }
    }
    if tally.duplicated > 0 {
      if quality == 1 {
        remarks.append("\(tally.duplicated.counted("delivery", "deliveries")) came twice")
      } else {
        breaches.append("\(tally.duplicated.counted("delivery", "deliveries")) came twice")
      }
    }
    if tally.outOfOrder > 0 && result.promisesOrder {
      breaches.append("\(tally.outOfOrder.counted("delivery", "deliveries")) out of order")
    }
    if tally.sessionsLost > 0 {
      breaches.append("\(tally.sessionsLost.counted("session", "sessions")) forgotten")
    }
    if tally.faults > 0 {
      breaches.append("the protocol broken \(tally.faults.counted("time", "times"))")
    }
    if tally.refused > 0 {
      troubles.append("\(tally.refused.counted("message", "messages")) refused")
    }
    if tally.foreign > 0 {
      remarks.append("\(tally.foreign.counted("delivery", "deliveries")) that are not of this run")
    }
    if tally.stalls > 0 {
      remarks.append("nothing came for a second, \(tally.stalls.counted("time", "times"))")
    }
  }

  private mutating func judgeConnections(_ result: RunResult) {
    let tally = result.tally
    if tally.connectFailures > 0 {
      troubles.append("\(tally.connectFailures.counted("connection", "connections")) failed")
    }
    if tally.subscribeFailures > 0 {
      troubles.append("\(tally.subscribeFailures.counted("subscription", "subscriptions")) refused")
    }
    if tally.connectionsLost > 0 {
      troubles.append("\(tally.connectionsLost.counted("connection", "connections")) lost")
    }
    if result.isInterrupted { remarks.append("ended by hand") }
  }

  private mutating func judgeGenerator(_ result: RunResult) {
    let use = result.generator
    if use.busiestThreadShare >= Self.busyShare {
      let percent = Int((use.busiestThreadShare * 100).rounded())
      var text = "its busiest thread used \(percent) % of a core"
      if let watched = result.watched, result.measuredSeconds > 0 {
        let share = watched.cpuSeconds / result.measuredSeconds
        if share >= Self.busyShare { return }
        text += ", the broker \(Int((share * 100).rounded())) %"
      }
      generatorLimit = text
    } else if let late = use.lateP99Microseconds, late >= Self.lateMicroseconds {
      generatorLimit = "one message in a hundred was sent \(UInt64(late).grouped) us late by itself"
    }
  }
}

extension UInt64 {
  /// With a comma between thousands.
  package var grouped: String {
    var digits = Array(String(self))
    var place = digits.count - 3
    while place > 0 {
      digits.insert(",", at: place)
      place -= 3
    }
    return String(digits)
  }

  /// With what is counted: `1 session`, `2 sessions`.
  package func counted(_ one: String, _ many: String) -> String {
    "\(grouped) \(self == 1 ? one : many)"
  }
}
