// The runner of `mqtt bench`.

import Bench
import Commands
import Glibc
import MQTTCodec
import Transport

enum BenchCommand {
  static func run(_ options: BenchOptions) -> Int32 {
    var options = options
    do throws(StartFailure) {
      if options.task.connects { try options.connection.readPassword() }
      switch options.task {
      case .run(let scenarios): return try BenchSession(options).run(scenarios)
      case .tour: return try TourCommand.run(options)
      case .compare(let before, let after): return try CompareCommand.run(before, after)
      case .crash: return try CrashCommand(options).run()
      case .probe: return try ProbeCommand(options).run()
      }
    } catch {
      Terminal.write("mqtt bench: \(error)\n", to: STDERR_FILENO)
      return error.status
    }
  }
}
