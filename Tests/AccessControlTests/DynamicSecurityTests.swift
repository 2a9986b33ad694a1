// Dynamic-security files: what the comparison with mosquitto's plugin cannot show by itself.

import AccessControl
import Testing

private func source(_ text: String) throws -> DynamicSecurity {
  try DynamicSecurity(parsing: Array(text.utf8), name: "d.json")
}

private func permissions(
  _ text: String, user: String?, client: String = "c1"
) throws -> AccessPermissions {
  AccessPermissions(
    try AccessList(reading: Array(text.utf8), file: "d.json"),
    AccessSubject(clientIdentifier: client, userName: user))
}

private func errors(_ text: String) -> [String] {
  do throws(AccessFileErrors) {
    _ = try DynamicSecurity(parsing: Array(text.utf8), name: "d.json")
    return []
  } catch {
    return error.errors.map(\.description)
  }
}

struct DynamicSecurityTests {
  private static let file = """
    {
      "defaultACLAccess": {"publishClientReceive": true, "unsubscribe": true},
      "clients": [
        {"username": "alice", "clientid": "only", "password": "cGFzcw==", "salt": "c2FsdA==",
         "iterations": 7, "roles": [{"rolename": "sensor", "priority": 1}]},
        {"username": "bob", "disabled": true, "roles": [{"rolename": "sensor"}]},
        {"username": "carol", "encoded_password": "$argon2id$x", "roles": []}
      ],
      "groups": [
        {"groupname": "guests", "roles": [{"rolename": "reader"}],
         "clients": [{"username": "carol", "priority": 3}]}
      ],
      "anonymousGroup": "guests",
      "roles": [
        {"rolename": "sensor", "allowwildcardsubs": false, "acls": [
          {"acltype": "publishClientSend", "topic": "s/%u/#", "priority": 0, "allow": true},
          {"acltype": "publishClientSend", "topic": "s/alice/x", "priority": 5, "allow": false},
          {"acltype": "publishClientSend", "topic": "x%c/y", "allow": true}
        ]},
        {"rolename": "reader", "acls": [
          {"acltype": "publishClientReceive", "topic": "private/#", "allow": false},
          {"acltype": "subscribePattern", "topic": "s/+", "allow": true},
          {"acltype": "subscribeLiteral", "topic": "s/+", "allow": false}
        ]}
      ]
    }
    """

  static let questions: [(String?, AccessAction, String, Bool, Int?)] = [
    ("alice", .publish, "s/alice/y", true, 16), ("alice", .publish, "s/alice/x", false, 17),
    ("alice", .publish, "s/bob/y", false, nil), ("alice", .publish, "xc1/y", false, nil),
    ("alice", .publish, "x%c/y", true, 18), ("alice", .deliver, "private/a", true, nil),
    ("carol", .deliver, "private/a", false, 21), (nil, .deliver, "private", false, 21),
    (nil, .subscribe, "s/a", true, 22), (nil, .subscribe, "s/+", false, 23),
    (nil, .subscribe, "t", false, nil), ("carol", .unsubscribe, "t", true, nil),
    ("alice", .subscribe, "s/+", false, nil), (nil, .deliver, "$CONTROL/a", false, nil),
    (nil, .unsubscribe, "$CONTROL/a", false, nil),
  ]

  @Test(arguments: questions) func `roles, priorities and defaults decide`(
    user: String?, action: AccessAction, topic: String, isAllowed: Bool, line: Int?
  ) throws {
    let permissions = try permissions(Self.file, user: user)
    let decision = permissions.decide(action, topic: topic)
    #expect(decision.isAllowed == isAllowed)
    #expect(permissions.list.location(of: decision)?.line == line)
  }

  @Test(arguments: ["bob", "dave"], AccessAction.allCases)
  func `users that are disabled or not there may do nothing`(
    user: String, action: AccessAction
  ) throws {
    let permissions = try permissions(Self.file, user: user)
    let decision = permissions.decide(action, topic: "s/\(user)/y")
    #expect(decision == AccessDecision(isAllowed: false, ground: .unknownUser))
    #expect(permissions.regions(action, allowed: true) == [])
    #expect(permissions.mayEverReceive(filter: "#").isAllowed == false)
  }

  @Test func `a name that is no single level is put nowhere`() throws {
    let text = Self.file.replacing("\"alice\"", with: "\"a/b\"")
    #expect(
      try permissions(text, user: "a/b").decide(.publish, topic: "s/a/b/c").isAllowed == false)
    let wildcard = Self.file.replacing("\"alice\"", with: "\"+\"")
    #expect(
      try permissions(wildcard, user: "+").decide(.publish, topic: "s/a/b").isAllowed == false)
  }

  @Test func `clients keep what is needed to log in`() throws {
    let clients = try source(Self.file).clients
    #expect(clients.map(\.password) == ["$7$7$c2FsdA==$cGFzcw==", nil, "$argon2id$x"])
    #expect(clients.map(\.isDisabled) == [false, true, false])
    #expect(clients[0].clientIdentifier == Array("only".utf8))
    #expect(clients[2].groups.map(\.priority) == [3])
  }

  static let mistakes: [(String, [String])] = [
    (
      "{\n  \"roles\": [,]}",
      [
        "d.json:2:13: no JSON text goes on like this; restore the file as the plugin wrote it, or put "
          + "commas, quotes and braces right"
      ]
    ),
    ("{\"roles\": 1}", ["d.json:1:2: expected an array of objects; write [ ] behind roles"]),
    ("{\"roles\": [1]}", ["d.json:1:2: expected objects in roles; write { } for each of them"]),
    (
      "{\"roles\": [{\"acls\": []}]}", ["d.json:1:13: rolename is missing; add it to the object"]
    ),
    ("{\"roles\": [{\"rolename\": \"\"}]}", ["d.json:1:13: rolename is empty; write a name"]),
    (
      "{\"roles\": [{\"rolename\": 7}]}",
      ["d.json:1:13: expected a text; put the value of rolename in quotes"]
    ),
    (
      "{\"roles\": [{\"rolename\": \"r\"}, {\"rolename\": \"r\"}]}",
      ["d.json:1:32: there are two roles \"r\"; rename or remove one of them"]
    ),
    (
      "{\"roles\": [{\"rolename\": \"r\", \"acls\": [\n{\"acltype\": \"publishClientSent\", "
        + "\"topic\": \"a\"},\n{\"acltype\": \"subscribePattern\", \"topic\": \"a#\", \"allow\": 1,"
        + "\"priority\": 0.5}]}]}",
      [
        "d.json:2:2: \"publishClientSent\" is not an acltype; the nearest is \"publishClientSend\"",
        "d.json:3:33: # is not the last level of \"a#\", alone in it; let each # and + fill a level, "
          + "and # the last one",
      ]
    ),
    (
      "{\"groups\": [{\"groupname\": \"g\", \"roles\": [{\"rolename\": \"r\"}], \"clients\": "
        + "[{\"username\": \"u\"}]}], \"anonymousGroup\": \"h\"}",
      [
        "d.json:1:43: there is no role \"r\"; add it to roles, or remove it here",
        "d.json:1:75: there is no client \"u\"; add it to clients, or take it out of the group",
        "d.json:1:96: there is no group \"h\"; add it to groups, or remove anonymousGroup",
      ]
    ),
    (
      "{\"defaultACLAccess\": {\"subscribe\": \"yes\"}}",
      ["d.json:1:23: expected true or false; write one of them behind subscribe"]
    ),
  ]

  @Test(arguments: mistakes) func `mistakes are told with their places`(
    text: String, expected: [String]
  ) {
    #expect(errors(text) == expected)
  }

  @Test func `nothing that is nested deeply or cut off anywhere does harm`() {
    #expect(errors(String(repeating: "[", count: 100_000)).count == 1)
    let bytes = Array(Self.file.utf8)
    for end in stride(from: 1, to: bytes.count, by: 7) {
      #expect(!errors(String(decoding: bytes[..<end], as: UTF8.self)).isEmpty)
    }
  }

  @Test func `lint finds roles of nobody, rules that are not reached, clients with nothing`() throws
  {
    let text = """
      {"clients": [{"username": "a"}],
       "roles": [{"rolename": "r", "acls": [
        {"acltype": "publishClientSend", "topic": "a/#", "priority": 2, "allow": false},
        {"acltype": "publishClientSend", "topic": "a/b", "priority": 1, "allow": true},
        {"acltype": "publishClientReceive", "topic": "#", "allow": true}]}]}
      """
    let findings = try AccessLint.findings(
      reading: Array(text.utf8), file: "d.json", allowsExtensions: false, passwords: nil)
    #expect(
      findings.map(\.description) == [
        "d.json:1:1: the client \"a\" has neither role nor group; give it one: it has nothing but the "
          + "default access",
        "d.json:1:1: the client \"a\" has no password; set one: it cannot log in",
        "d.json:2:1: nobody has the role \"r\"; give it to somebody or remove it",
        "d.json:4:4: \"allow publishClientSend a/b in role r\" is never reached: line 3 has the higher "
          + "priority and matches all of it; raise its priority or remove it",
        "d.json:5:4: \"allow publishClientReceive # in role r\" grants every topic that does not begin "
          + "with $; name the topics that are needed, or leave it when this is an administrator",
      ])
  }
}
