// Who listens on a port that is taken, as far as /proc tells this process. Only asked when the
// server cannot start, so it may be slow.

import CLinux
import Glibc
import Transport

enum AddressOccupant {
  /// The name and number of the process that listens on `port`, such as "mosquitto (process 812)".
  static func name(port: UInt16) -> String? {
    let inodes = listeningInodes(port)
    if inodes.isEmpty { return nil }
    for process in entries(of: "/proc") where process.allSatisfy(\.isNumber) {
      for number in entries(of: "/proc/\(process)/fd") {
        guard let target = linkTarget("/proc/\(process)/fd/\(number)"),
          inodes.contains(where: { target == "socket:[\($0)]" })
        else { continue }
        let name = contents(of: "/proc/\(process)/comm").split(separator: "\n").first ?? "a program"
        return "\(name) (process \(process))"
      }
    }
    return nil
  }

  private static func listeningInodes(_ port: UInt16) -> [Substring] {
    let listening: Substring = "0A"
    return ["/proc/net/tcp", "/proc/net/tcp6"].flatMap { path in
      contents(of: path).split(separator: "\n").compactMap { line -> Substring? in
        let fields = line.split(separator: " ")
        guard fields.count > 9, fields[3] == listening,
          let digits = fields[1].split(separator: ":").last, UInt16(digits, radix: 16) == port
        else { return nil }
        return fields[9]
      }
    }
  }

  private static func entries(of directory: String) -> [String] {
    guard let handle = opendir(directory) else { return [] }
    defer { closedir(handle) }
    var names: [String] = []
    while let entry = readdir(handle) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
        pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if !name.hasPrefix(".") { names.append(name) }
    }
    return names
  }

  private static func linkTarget(_ path: String) -> String? {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { room -> String? in
      guard let start = room.baseAddress else { return nil }
      let count = readlink(path, start, room.count - 1)
      if count < 0 { return nil }
      start[count] = 0
      return String(cString: start)
    }
  }

  private static func contents(of path: String) -> String {
    let number = open(path, O_RDONLY | O_CLOEXEC)
    if number < 0 { return "" }
    let file = Descriptor(owning: number)
    var all: [UInt8] = []
    var part = [UInt8](repeating: 0, count: 4096)
    while true {
      let count = read(file.number, &part, part.count)
      if count <= 0 { return String(decoding: all, as: UTF8.self) }
      all += part[..<count]
    }
  }
}
