// Password files as mosquitto_passwd writes them: what is read, what is said about lines that cannot
// be used, and how one line is changed.

import AccessControl
import Testing

private let digest64 = String(repeating: "A", count: 86) + "=="

private func file(_ text: String) -> PasswordFile {
  PasswordFile(parsing: Array(text.utf8), file: "pw")
}

@Suite struct PasswordFileTests {
  @Test func `the three kinds of hashes are read, and written as they were`() {
    let lines = [
      "ann:$6$c2FsdHNhbHRzYWx0$\(digest64)", "bob:$7$101$c2FsdHNhbHRzYWx0$\(digest64)",
      "cyn:$argon2id$v=19$m=47104,t=1,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
    ]
    let read = file(lines.joined(separator: "\n") + "\n")
    #expect(read.faults == [])
    #expect(read.entries.map { "\($0.userName):\($0.hash)" } == lines)
    #expect(read.entries.map(\.line) == [1, 2, 3])
    #expect(read.entry(of: "bob")?.hash.method == .pbkdf2(iterations: 101))
    #expect(
      read.entry(of: "cyn")?.hash.method
        == .argon2id(memoryKibibytes: 47_104, passes: 1, lanes: 1))
    #expect(read.entry(of: "dan") == nil)
  }

  @Test func `comments, empty lines, blanks around and CR LF are no part of it`() {
    let read = file("# ann:x\n\n  ann : $6$c2FsdA==$\(digest64)  \r\n")
    #expect(read.faults == [])
    #expect(read.entry(of: "ann")?.line == 3)
  }

  static let broken: [(line: String, column: Int, problem: String)] = [
    ("ann", 1, "expected USER:HASH, found no colon"),
    (":$6$c2FsdA==$\(digest64)", 1, "expected a user name before the colon"),
    ("ann:secret", 5, "a password that is not hashed"),
    ("ann:$5$a$b", 6, "the hash \"5\" is not known"),
    ("ann:$6$c2FsdA==", 5, "expected $6$SALT$DIGEST, found 2 parts"),
    ("ann:$6$***$\(digest64)", 8, "expected a salt in base64"),
    ("ann:$6$c2FsdA==$AAAA", 17, "expected a digest of 64 bytes, found 3"),
    ("ann:$7$0$c2FsdA==$\(digest64)", 8, "expected a number of iterations, 1 to 10000000"),
    ("ann:$7$many$c2FsdA==$\(digest64)", 8, "expected a number of iterations"),
    ("ann:$argon2id$v=16$m=64,t=1,p=1$c29tZXNhbHQ$AAAAAAAA", 15, "expected v=19"),
    ("ann:$argon2id$v=19$m=4,t=1,p=1$c29tZXNhbHQ$AAAAAAAA", 20, "expected m=KIBIBYTES"),
    ("ann:$argon2id$v=19$m=64,t=1,p=1$AAAA$AAAAAAAA", 33, "at least 8"),
  ]

  @Test(arguments: broken) func `a line that cannot be used is left out, and the place is named`(
    line: String, column: Int, problem: String
  ) {
    let read = file("bob:$6$c2FsdA==$\(digest64)\n\(line)\n")
    #expect(read.entries.map(\.userName) == ["bob"])
    #expect(read.faults.count == 1)
    let text = read.faults.first.map { "\($0)" } ?? ""
    #expect(text.hasPrefix("pw:2:\(column): "), "\(text)")
    #expect(text.contains(problem), "\(text)")
    #expect(!text.contains("secret"))
  }

  @Test func `of two lines of one user the first counts`() {
    let read = file("ann:$6$c2FsdA==$\(digest64)\nann:$6$b3RoZXI=$\(digest64)\n")
    #expect(read.entries.count == 1)
    #expect(
      read.faults.map(\.description) == [
        "pw:2:1: \"ann\" stands in line 1 already; that line counts"
      ])
  }

  @Test func `an unknown user is checked against the same hash each time, and against all in turn`()
  {
    let read = file((0..<8).map { "u\($0):$6$c2FsdA==$\(digest64)\n" }.joined())
    let mixed = PasswordFile(
      parsing: Array(
        (0..<8).map { "u\($0):$7$\(100 + $0)$c2FsdA==$\(digest64)\n" }.joined().utf8), file: "pw")
    #expect(read.decoy(for: "eve", seed: 1) == read.entries[0].hash)
    #expect(mixed.decoy(for: "eve", seed: 1) == mixed.decoy(for: "eve", seed: 1))
    let used = Set((0..<200).map { "\(mixed.decoy(for: "x\($0)", seed: 1))" })
    #expect(used.count == 8)
  }
}

@Suite struct PreSharedKeyFileTests {
  @Test func `identities have keys of hexadecimal digits`() {
    let text = "# keys\nmeter-1:00ff\r\nmeter-2:A0b1C2\n"
    let read = PreSharedKeyFile(parsing: Array(text.utf8), file: "psk")
    #expect(read.faults == [])
    #expect(read.key(of: "meter-1") == [0x00, 0xFF])
    #expect(read.key(of: "meter-2") == [0xA0, 0xB1, 0xC2])
    #expect(read.key(of: "meter-3") == nil)
  }

  static let broken: [(line: String, text: String)] = [
    ("meter", "psk:1:1: expected IDENTITY:KEY, found no colon"),
    (":00", "psk:1:1: expected an identity of 1 to 256 bytes"),
    ("m:", "psk:1:3: expected a key of 1 to 512 bytes, two hexadecimal digits for each"),
    ("m:abc", "psk:1:3: expected a key of 1 to 512 bytes, two hexadecimal digits for each"),
    ("m:0x12", "psk:1:4: expected a hexadecimal digit"),
  ]

  @Test(arguments: broken) func `a line that cannot be used is left out`(
    line: String, text: String
  ) {
    let read = PreSharedKeyFile(parsing: Array(line.utf8), file: "psk")
    #expect(read.count == 0)
    #expect(read.faults.map(\.description) == [text])
  }
}

@Suite struct PasswordFileEditTests {
  private func hash(_ salt: [UInt8]) -> PasswordHash {
    PasswordHash(method: .sha512, salt: salt, digest: [UInt8](repeating: 0, count: 64))
  }

  @Test func `a user is added at the end, and all else stays byte for byte`() {
    let before = Array("# mine\r\nbroken line\nann:x".utf8)
    let (after, wasThere) = PasswordFileEdit.setting(hash([1]), for: "bob", in: before)
    #expect(!wasThere)
    #expect(
      String(decoding: after, as: UTF8.self)
        == "# mine\r\nbroken line\nann:x\nbob:\(hash([1]))\n")
  }

  @Test func `a user's line is replaced where it stands`() {
    let before = Array("ann:x\nbob:y\n".utf8)
    let (after, wasThere) = PasswordFileEdit.setting(hash([1]), for: "ann", in: before)
    #expect(wasThere)
    #expect(String(decoding: after, as: UTF8.self) == "ann:\(hash([1]))\nbob:y\n")
  }

  @Test func `a user is removed, and one who is not there is told from one who is`() {
    let before = Array("ann:x\nbob:y\n".utf8)
    #expect(PasswordFileEdit.removing("ann", from: before).bytes == Array("bob:y\n".utf8))
    #expect(PasswordFileEdit.removing("ann", from: before).wasThere)
    #expect(PasswordFileEdit.removing("an", from: before).bytes == before)
    #expect(!PasswordFileEdit.removing("an", from: before).wasThere)
  }

  @Test(arguments: ["", "a:b", "a\nb", "#a", " a"])
  func `a name that no line can hold is refused`(name: String) {
    #expect(PasswordFileEdit.problem(withUserName: name) != nil)
  }

  @Test func `other names are taken`() {
    #expect(PasswordFileEdit.problem(withUserName: "Märta @ home") == nil)
  }
}
