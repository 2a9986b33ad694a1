// Sections of mqtt-bench.1 that no other page has.

import Bench

extension Manual {
  static func benchSections(_ page: inout Mandoc) {
    page.macro("Sh SCENARIOS")
    page.prose(
      "A scenario is a name and perhaps a size behind a colon. Numbers may end in k or M.")
    list(&page, scenarios)
    page.macro("Sh PLACEHOLDERS")
    page.prose(
      "They are filled in in topics, filters and payloads; in -i, -u, -P and --cert and --key only "
        + "%i. A client identifier without %i gets the number behind it.")
    list(
      &page,
      [
        ("%i", "The number of the client, counted from --start-number."),
        ("%c", "Its client identifier."), ("%u", "Its user name."),
        ("%s", "The number of the message, counted from 0."),
        ("%rand_N", "A random number from 1 to N."),
        (
          "%TIMESTAMP%, %TIMESTAMPMS%, %TIMESTAMPUS%, %TIMESTAMPNS%",
          "The time since 1970 in seconds, milliseconds, microseconds or nanoseconds."
        ), ("%UNIQUE%", "Something that no other message has."), ("%RANDOM%", "A random number."),
      ])
    page.macro("Sh CONDITIONS")
    page.prose(
      "A condition of --fail-if is a figure, one of < <= > >= == != and a number. Times need a "
        + "unit, us, ms or s; p99 is that of the latency that matters most, end to end where "
        + "there is one, and connack.p99 that of another. A figure that was not measured makes "
        + "the condition hold. The latencies are "
        + LatencyKind.allCases.map(\.rawValue).joined(separator: ", ") + ". The figures are "
        + FailCondition.names.joined(separator: ", ") + ".")
  }

  private static func list(_ page: inout Mandoc, _ rows: [(String, String)]) {
    page.macro("Bl -tag -width Ds")
    for (name, meaning) in rows {
      page.macro("It \(Mandoc.escaped(name))")
      page.prose(meaning)
    }
    page.macro("El")
  }

  private static let scenarios: [(String, String)] = [
    ("pubsub:PxS", "P publishers, and S subscribers each of whom hears all of them."),
    ("fanout:1xS", "The same with one publisher."), ("fanin:Px1", "The same with one subscriber."),
    ("pairs:N", "N publishers, each with a subscriber of its own."),
    ("shared:PxS", "P publishers, and S members of one shared subscription."),
    ("pub:N", "Publishers alone."),
    ("sub:N", "Subscribers alone, to what others publish to --filter."),
    (
      "conn:N, conn:N:hold, conn:N:churn",
      "N connections that come and go once, that stay for the duration, or that come and go as "
        + "long."
    ), ("retained:N", "N retained messages, then a subscriber who wants them all."),
    ("offline:N", "N messages for a client that is away, which then comes back for them."),
    ("rr:N", "N clients that ask and as many that answer."),
  ]

  /// What the exit status of `mqtt bench` says.
  static let benchStatus: [(String, String)] = [
    ("0", "Everything was measured, and the broker kept its promises."),
    ("1", "Something failed: connections, a file, or nothing could be measured."),
    ("2", "The command line cannot be run."),
    (
      "3",
      "The broker broke a promise: acknowledged messages lost, messages of QoS 0 or 2 doubled, "
        + "messages out of order, sessions forgotten, or the protocol broken."
    ), ("4", "A condition of --fail-if holds."),
  ]
}
