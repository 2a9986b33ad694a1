// What is wrong with a configuration that is not to be run: everything that a start would do with
// files and certificates is tried, without opening a port, writing a file or leaving anything.

import Glibc
import Settings
import Transport

/// The check of a configuration.
package enum ConfigurationTest {
  /// All that a server would not start for; empty when it would start, if its ports are free.
  package static func faults(_ configuration: ServerConfiguration) -> [String] {
    var faults: [String] = []
    if let name = configuration.missingAccount {
      let place = configuration.settings.origin(of: \.userName).place
      faults.append((place.map { "\($0): " } ?? "") + "\(ServerError.noAccount(name))")
    }
    for listener in configuration.listeners {
      let place = listener.place.map { "\($0): " } ?? ""
      if let settings = listener.tls {
        for failure in TLSContext.faults(of: settings) {
          let fault = "\(ServerError.listenerTLS(listener, failure))"
          if !faults.contains(fault) { faults.append(fault) }
        }
      }
      if let name = listener.settings.interfaceName, if_nametoindex(name) == 0 {
        faults.append(
          "\(place)cannot listen on \(listener.name): there is no network interface \(name)")
        continue
      }
      if case .unix(let path) = listener.settings.place, let error = folderError(path) {
        let found = SystemError(code: error, call: "bind", subject: path)
        faults.append("\(place)cannot listen on \(listener.name): \(found)\(advice(error, path))")
        continue
      }
      do throws(ServerError) { _ = try listener.addresses() } catch {
        faults.append("\(place)\(error)")
      }
    }
    faults += configuration.overlaps.map(\.description)
    if let account = configuration.account, let directory = configuration.storeDirectory,
      let error = account.fault(ofWritingIn: directory)
    {
      let place = configuration.settings.origin(of: \.store.directory).place
      // Who is not root stays what they are.
      let found = SystemError(
        code: error.code, call: "write as \(Account.isRoot ? account.name : Account.ownName)",
        subject: directory)
      faults.append((place.map { "\($0): " } ?? "") + "cannot use the data: \(found)")
    }
    for case .file(let path) in configuration.settings.log.destinations {
      if let fault = fault(ofWriting: path) {
        let place = configuration.settings.origin(of: \.log.destinations).place
        faults.append((place.map { "\($0): log_dest: " } ?? "") + fault)
      }
    }
    if let path = configuration.settings.pidFile {
      // Its folder is made if need be.
      let folder = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? ""
      let isMade = !folder.isEmpty && access(folder, F_OK) != 0
      if let fault = fault(ofWriting: isMade ? folder : path) {
        let place = configuration.settings.origin(of: \.pidFile).place
        faults.append((place.map { "\($0): pid_file: " } ?? "") + fault)
      }
    }
    return faults
  }

  /// What the log would say of files that are of no use soon.
  package static func warnings(_ configuration: ServerConfiguration) -> [String] {
    configuration.dated().validities.compactMap { $0.warning(now: WallClock.seconds) }
  }

  /// Why a file could not be written, as far as can be seen without writing it.
  private static func fault(ofWriting path: String) -> String? {
    var facts = stat()
    if stat(path, &facts) == 0 {
      if facts.st_mode & S_IFMT == S_IFDIR { return "\(path): is a directory" }
      return access(path, W_OK) == 0
        ? nil : "\(SystemError(code: errno, call: "open", subject: path))"
    }
    if errno != ENOENT { return "\(SystemError(code: errno, call: "open", subject: path))" }
    return folderError(path).map { error in
      "\(SystemError(code: error, call: "open", subject: path))\(advice(error, path))"
    }
  }

  /// Why nothing could be made beside a file.
  private static func folderError(_ path: String) -> Int32? {
    access(folder(of: path), W_OK) == 0 ? nil : errno
  }

  private static func folder(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  private static func advice(_ error: Int32, _ path: String) -> String {
    error == ENOENT ? "; make the directory \(folder(of: path)), or name another one" : ""
  }
}
