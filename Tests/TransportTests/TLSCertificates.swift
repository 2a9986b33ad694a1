// Certificates for the tests, made by the openssl command in a directory of their own: an
// authority, and leaves with whatever names and dates a test asks for.

import Foundation
import LiveSupport

/// A directory with an authority that signs what tests need.
final class TLSCertificates: Sendable {
  /// Made once for all tests: an authority nobody changes.
  static let shared = TLSCertificates(in: .forAllTests())

  private let folder: TestFolder
  /// Tests run in parallel, and the authority's index is a plain file.
  private let lock = NSLock()

  var authority: String { path("ca.crt") }

  init(in folder: TestFolder = TestFolder()) {
    self.folder = folder
    let directory = folder.path
    let configuration = """
      [ca]
      default_ca = own
      [own]
      database = \(directory)/index.txt
      new_certs_dir = \(directory)
      serial = \(directory)/serial
      crlnumber = \(directory)/crlnumber
      certificate = \(directory)/ca.crt
      private_key = \(directory)/ca.key
      default_md = sha256
      default_days = 10
      default_crl_days = 10
      policy = any
      copy_extensions = copy
      unique_subject = no
      [any]
      commonName = supplied
      """
    write(configuration, to: "ca.cnf")
    write("", to: "index.txt")
    write("1000\n", to: "serial")
    write("1000\n", to: "crlnumber")
    selfSigned("ca", commonName: "Test Authority", arguments: ["-days", "30"])
  }

  func path(_ name: String) -> String { folder.path(name) }

  func write(_ text: String, to name: String) {
    _ = FileManager.default.createFile(atPath: path(name), contents: Data(text.utf8))
  }

  /// Makes `name.crt` and `name.key`, signed by itself.
  func selfSigned(_ name: String, commonName: String, arguments: [String] = []) {
    TLSCertificates.openssl(
      ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
        + ["-keyout", path(name + ".key"), "-out", path(name + ".crt")]
        + ["-subj", "/CN=" + commonName] + arguments)
  }

  /// Makes `name.crt` and `name.key`, signed by the authority; dates as `YYMMDDHHMMSSZ`.
  func issue(
    _ name: String, commonName: String = "broker", alternativeNames: String? = "DNS:localhost",
    from: String? = nil, until: String? = nil
  ) {
    let names = alternativeNames.map { ["-addext", "subjectAltName=" + $0] } ?? []
    TLSCertificates.openssl(
      ["req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
        + ["-keyout", path(name + ".key"), "-out", path(name + ".csr")]
        + ["-subj", "/CN=" + commonName] + names)
    lock.lock()
    defer { lock.unlock() }
    let dates =
      (from.map { ["-startdate", $0] } ?? []) + (until.map { ["-enddate", $0] } ?? [])
    TLSCertificates.openssl(
      ["ca", "-batch", "-notext", "-config", path("ca.cnf"), "-in", path(name + ".csr")]
        + ["-out", path(name + ".crt")] + dates)
  }

  /// Takes the certificate `name` back and writes the authority's list of all it took back.
  func revoke(_ name: String, into list: String) {
    lock.lock()
    defer { lock.unlock() }
    TLSCertificates.openssl(
      ["ca", "-config", path("ca.cnf"), "-revoke", path(name + ".crt")])
    TLSCertificates.openssl(
      ["ca", "-config", path("ca.cnf"), "-gencrl", "-out", path(list)])
  }

  /// Runs the openssl command and answers its output and whether it succeeded.
  @discardableResult
  static func openssl(_ arguments: [String]) -> (succeeded: Bool, output: String) {
    do {
      let result = try run(["openssl"] + arguments)
      return (result.status == 0, result.output + result.errors)
    } catch {
      return (false, "\(error)")
    }
  }
}
