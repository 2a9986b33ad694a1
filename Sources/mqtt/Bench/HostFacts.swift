// What a report says about the machine it was made on.

import Bench
import Commands
import Glibc
import MQTTServer
import Transport

extension ReportFacts {
  /// The facts of this machine, this program and this moment.
  static func ofThisMachine(command: String) -> ReportFacts {
    var facts = ReportFacts()
    facts.command = command
    facts.program = "mqtt \(programVersion)"
    facts.started = Timestamp.text(WallClock.nanoseconds)
    facts.host = line("/proc/sys/kernel/hostname")
    facts.kernel = "Linux " + line("/proc/sys/kernel/osrelease")
    facts.congestionControl = line("/proc/sys/net/ipv4/tcp_congestion_control")
    facts.coreCount = ProcessSettings.coreCount
    facts.processor = field("model name", of: "/proc/cpuinfo")
    let memory = field("MemTotal", of: "/proc/meminfo").split(separator: " ").first
    facts.memoryBytes = (memory.flatMap { Int($0) } ?? 0) * 1024
    return facts
  }

  private static func line(_ path: String) -> String {
    String(SystemFile.text(path).prefix { $0 != "\n" })
  }

  private static func field(_ name: String, of path: String) -> String {
    let lines = SystemFile.text(path).split(separator: "\n")
    guard let line = lines.first(where: { $0.hasPrefix(name) }),
      let colon = line.firstIndex(of: ":")
    else { return "" }
    return String(line[line.index(after: colon)...].drop { $0 == " " })
  }
}
