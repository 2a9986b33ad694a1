// What is wrong with a configuration that is not to be run: everything that a start would do with
// files and certificates is tried, without opening a port, writing a file or leaving anything.

import Glibc
import Transport

/// The check of a configuration.
package enum ConfigurationTest {
  /// All that a server would not start for; empty when it would start, if its ports are free.
  package static func faults(_ configuration: ServerConfiguration) -> [String] {
    var faults: [String] = []
    if let name = configuration.missingAccount { faults.append("\(ServerError.noAccount(name))") }
    for listener in configuration.servedListeners {
      do throws(ServerError) { _ = try OpenListeners.layers(listener) } catch {
        faults.append("\(error)")
      }
      if case .network(let host, let port) = listener.place, !host.isEmpty {
        do throws(AddressLookupError) {
          _ = try AddressLookup.addresses(of: host, port: port)
        } catch {
          faults.append("\(ServerError.listenerUnknown(error))")
        }
      }
      if let name = listener.interfaceName, if_nametoindex(name) == 0 {
        faults.append("cannot listen on \(listener.name): there is no network interface \(name)")
      }
    }
    for case .file(let path) in configuration.log.destinations {
      if let fault = fault(ofWriting: path) { faults.append(fault) }
    }
    if let path = configuration.processNumberFile {
      // Its folder is made if need be.
      let folder = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? ""
      let isMade = !folder.isEmpty && access(folder, F_OK) != 0
      if let fault = fault(ofWriting: isMade ? folder : path) { faults.append(fault) }
    }
    return faults
  }

  /// Why a file could not be written, as far as can be seen without writing it.
  private static func fault(ofWriting path: String) -> String? {
    let folder = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
    var facts = stat()
    if stat(path, &facts) == 0 {
      if facts.st_mode & S_IFMT == S_IFDIR { return "\(path): is a directory" }
      return access(path, W_OK) == 0
        ? nil : "\(SystemError(code: errno, call: "open", subject: path))"
    }
    if access(folder.isEmpty ? "/" : folder, W_OK) == 0 { return nil }
    return "\(SystemError(code: errno, call: "open", subject: path))"
  }
}
