// `mqtt bench compare`: two reports, held against each other.

import Bench
import Commands
import Glibc

enum CompareCommand {
  static func run(_ before: String, _ after: String) throws(StartFailure) -> Int32 {
    let reports = (try report(before), try report(after))
    let comparison = Comparison(reports.0.runs, reports.1.runs)
    var lines: [String] = []
    if reports.0.facts.processor != reports.1.facts.processor
      || reports.0.facts.kernel != reports.1.facts.kernel
    {
      lines.append("the reports are of different machines")
    }
    lines += comparison.lines(names: (before, after))
    Terminal.write(lines.joined(separator: "\n") + "\n", to: STDOUT_FILENO)
    return comparison.scenarios.isEmpty ? ExitStatus.failure : ExitStatus.success
  }

  private static func report(_ path: String) throws(StartFailure) -> BenchReport {
    guard let bytes = WholeFile.contents(path) else {
      throw StartFailure(description: "cannot read \(path): \(String(cString: strerror(errno)))")
    }
    do throws(ReportFault) {
      return try BenchReport(reading: bytes)
    } catch {
      throw StartFailure(description: "\(path) \(error)")
    }
  }
}
