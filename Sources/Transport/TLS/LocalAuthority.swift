// A certificate authority of this account's own, so that `mqtt broker --tls` needs no preparation:
// the first start makes an authority and a server certificate for this host's names, later starts
// use them again, and `mqtt sub --tls` on the same account trusts the authority for local
// addresses. Everything lies in one directory that only its owner can enter:
//
//     ca.crt       give this to clients elsewhere (--cafile)
//     ca.key       signs the next server certificate; never leaves the directory
//     server.crt   the server's certificate, for the names and addresses it was started with
//     server.key   its key
//
// Invariant: a file is complete or absent, because each is written beside its place and renamed;
// and a lock on the directory keeps two brokers from making two authorities at once. A key is
// written before its certificate, so a crash in between leaves a pair that does not fit, which
// the next start sees and replaces.

import COpenSSL
import Glibc

/// Where the certificates of a local authority lie.
package struct LocalCertificates: Sendable, Equatable {
  /// The authority's certificate, for clients to trust.
  package let authorityFile: String
  /// The server's certificate.
  package let certificateFile: String
  /// The server's key.
  package let keyFile: String
  /// Whether the authority was made now: clients elsewhere need the new file.
  package let isAuthorityNew: Bool
  /// Whether the server's certificate was made or renewed now.
  package let isCertificateNew: Bool
}

/// Makes and finds the certificates of this account's own authority.
package enum LocalAuthority {
  /// A certificate is replaced when it has no more than this left: 30 days.
  static let renewalSeconds = 30 * 86_400
  /// Validity of an authority: ten years.
  static let authoritySeconds = 3_650 * 86_400
  /// Validity of a server certificate: the 825 days that clients accept at most.
  static let certificateSeconds = 825 * 86_400

  /// The server certificate for `names` and `addresses`, made or renewed if need be.
  ///
  /// A certificate in `directory` serves again as long as its authority signed it, it carries all
  /// names and addresses, and it is valid for another 30 days. Otherwise the authority, which is
  /// made when there is none, issues another. The directory is made with mode 0700, keys have
  /// mode 0600.
  ///
  /// - Throws: a file that cannot be read or written, an authority whose key is missing, or a name
  ///   that no certificate can carry.
  package static func certificates(
    in directory: String, names: [String], addresses: [String]
  ) throws(TLSFailure) -> LocalCertificates {
    let wanted = try CertificateNames(names: names, addresses: addresses)
    let store = try CertificateDirectory(directory)
    let existing = try store.certificate("ca.crt")
    if let authority = existing, authority.isValid(forSeconds: renewalSeconds) {
      if try store.holdsServer(for: wanted, from: authority) {
        return store.paths(isAuthorityNew: false, isCertificateNew: false)
      }
      guard let key = try store.key("ca.key"), authority.belongs(to: key) else {
        throw TLSFailure(
          .fileInvalid(
            .localAuthority, path: store.path("ca.key"),
            reason: "the server's certificate has to be renewed, and the key of the authority "
              + "in ca.crt is missing or another one"))
      }
      try store.issueServer(for: wanted, authority: authority, key: key)
      return store.paths(isAuthorityNew: false, isCertificateNew: true)
    }
    let key = try PrivateKey.generate()
    let authority = try Certificate.authority(named: authorityName(), key: key)
    try store.write(key.pem(), to: "ca.key", mode: 0o600)
    try store.write(authority.pem(), to: "ca.crt", mode: 0o644)
    try store.issueServer(for: wanted, authority: authority, key: key)
    return store.paths(isAuthorityNew: true, isCertificateNew: true)
  }

  /// Where this account's authority lies: `$XDG_DATA_HOME/mqtt/tls`, `~/.local/share/mqtt/tls`.
  package static func defaultDirectory() -> String {
    if let data = environment("XDG_DATA_HOME"), data.hasPrefix("/") { return data + "/mqtt/tls" }
    if let home = environment("HOME") { return home + "/.local/share/mqtt/tls" }
    // A service without a home keeps its data where services do.
    return "/var/lib/mqtt/tls"
  }

  /// The authority that a client trusts for `host` beside what it was told: that of this account,
  /// if there is one and `host` is this computer.
  package static func authorityFile(
    forHost host: String, in directory: String = defaultDirectory()
  ) -> String? {
    let path = directory + "/ca.crt"
    return LocalHost.isLocal(host) && access(path, R_OK) == 0 ? path : nil
  }

  /// A name that tells this authority from those of other hosts.
  private static func authorityName() -> String {
    // A common name has at most 64 characters (RFC 5280, A.1).
    "mqtt local authority of " + String(LocalHost.name().prefix(40))
  }

  private static func environment(_ name: String) -> String? {
    guard let value = getenv(name) else { return nil }
    let text = String(cString: value)
    return text.isEmpty ? nil : text
  }
}

/// The names and addresses a certificate is to carry, checked and in one spelling.
struct CertificateNames {
  let names: [String]
  let addresses: [String]

  init(names: [String], addresses: [String]) throws(TLSFailure) {
    var checkedNames: [String] = []
    for name in names.map({ $0.lowercased() }) where !checkedNames.contains(name) {
      let isPlain = name.utf8.allSatisfy { byte in
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
          || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
          || byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "_")
      }
      guard isPlain, (1...253).contains(name.utf8.count) else {
        throw TLSFailure(
          .setting(
            name: "the host name", value: name,
            reason: "a certificate carries names of letters, digits, dots and hyphens"))
      }
      checkedNames.append(name)
    }
    var checkedAddresses: [String] = []
    for text in addresses {
      guard let address = LocalHost.canonicalAddress(text) else {
        throw TLSFailure(
          .setting(name: "the address", value: text, reason: "it is neither IPv4 nor IPv6"))
      }
      if !checkedAddresses.contains(address) { checkedAddresses.append(address) }
    }
    self.names = checkedNames
    self.addresses = checkedAddresses
    if names.isEmpty && addresses.isEmpty {
      throw TLSFailure(
        .setting(
          name: "the list of names", value: "", reason: "a certificate needs one name at least"))
    }
  }

  /// Whether `facts` carries all of them.
  func areCarried(by facts: CertificateFacts) -> Bool {
    let carried = facts.names.map { $0.lowercased() }
    return (names + addresses).allSatisfy { carried.contains($0) }
  }

  /// The names as OpenSSL's configuration spells them.
  var extensionText: String {
    (names.map { "DNS:" + $0 } + addresses.map { "IP:" + $0 }).joined(separator: ",")
  }
}
