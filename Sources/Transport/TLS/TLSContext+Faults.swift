// All that is wrong with a listener's files at once, for somebody who puts them right in one go.

extension TLSContext {
  /// Everything that ``server(_:)`` would fail with, one after the other.
  package static func faults(of settings: TLSServerSettings) -> [TLSFailure] {
    var settings = settings
    var faults: [TLSFailure] = []
    // Each turn takes out of the settings what the one before it failed with.
    while faults.count < 8 {
      do throws(TLSFailure) {
        _ = try server(settings)
        break
      } catch {
        faults.append(error)
        if !settings.drop(error, &faults) { break }
      }
    }
    return faults
  }
}

extension TLSServerSettings {
  /// Leaves out what `failure` is about; false when that cannot be told.
  fileprivate mutating func drop(_ failure: TLSFailure, _ faults: inout [TLSFailure]) -> Bool {
    switch failure.check {
    case .fileUnusable(let role, _, _), .fileInvalid(let role, _, _):
      switch role {
      case .certificate:
        if let keyFile {
          do throws(TLSFailure) { try TLSContext.checkReadable(keyFile, .key) } catch {
            faults.append(error)
          }
        }
        dropCertificate()
      case .key: dropCertificate()
      case .authorities: authorityFile = nil
      case .authorityDirectory: authorityDirectory = nil
      case .revocations: revocationListFile = nil
      case .keyLog, .localAuthority: return false
      }
    case .keyPassword, .keyMismatch: dropCertificate()
    default: return false
    }
    // What is missing now was named.
    requiresClientCertificate = false
    return true
  }

  private mutating func dropCertificate() {
    certificateFile = nil
    keyFile = nil
    if pskLookup == nil { pskLookup = { _ in nil } }
  }
}
