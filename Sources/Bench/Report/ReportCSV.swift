// The seconds of all runs as CSV (RFC 4180, with plain line ends), for spreadsheets and plotting.

/// Seconds as CSV.
package enum ReportCSV {
  /// The whole file.
  package static func text(_ runs: [RunResult]) -> String {
    var text =
      "run,scenario,target,second,sent,received,acknowledged,received_bytes,connected,"
      + "p50_us,p99_us,max_us\n"
    for (index, run) in runs.enumerated() {
      for second in run.seconds {
        let figures = [
          second.p50Microseconds, second.p99Microseconds, second.maximumMicroseconds,
        ]
        .map { $0.map { "\(($0 * 10).rounded() / 10)" } ?? "" }
        let fields =
          ["\(index + 1)", quoted(run.scenario), quoted(run.target), "\(second.second)"]
          + [
            second.sent, second.received, second.acknowledged, second.receivedBytes,
            second.connected,
          ].map(String.init) + figures
        text += fields.joined(separator: ",") + "\n"
      }
    }
    return text
  }

  private static func quoted(_ text: String) -> String {
    guard text.contains(where: { ",\"\n".contains($0) }) else { return text }
    return "\""
      + text.split(separator: "\"", omittingEmptySubsequences: false)
      .joined(separator: "\"\"") + "\""
  }
}
