// What may be subscribed to, as regions and as changes, against single decisions about every filter
// of a small universe with levels that begin with $.

import AccessControl
import MQTTCodec
import TestSupport
import Testing

/// Files of both kinds over a few levels.
struct SmallUniverse {
  static let levels = ["a", "b", "$s", "$SYS", "$CONTROL"]
  /// All topics of one and two levels, and the one below `$SYS` that may be written.
  static let topics =
    texts(levels) + ["$SYS/broker/connection/x/state", "$share/a", "x", "$x", "a/x", "x/x"]
  /// All filters of one and two levels, and some longer ones.
  static let filters =
    texts(levels + ["+", "#", "x"]) + ["+/+/#", "a/+/#", "a/b/#", "a/+/b", "+/b/+", "/#", "$s/+/#"]

  private static func texts(_ levels: [String]) -> [String] {
    (levels + levels.flatMap { first in levels.map { first + "/" + $0 } }).filter {
      Topic.faultOfFilter(Array($0.utf8).span) == nil
    }
  }

  /// An ACL file with rules of every kind, for nobody, ann, and everyone.
  static func accessFile(_ chance: inout Chance) -> String {
    var text = ""
    let words = ["read", "write", "readwrite", "deny", "subscribe", "readdeny", "writedeny"]
    for scope in ["topic", "user ann\ntopic", "pattern"] {
      var isFirst = true
      for _ in 0..<chance.below(4) {
        var filter = filters[chance.below(filters.count)]
        if scope == "pattern", chance.happens(onceIn: 2) { filter = "%c/" + filter }
        let keyword = isFirst ? scope : String(scope.split(separator: "\n").last ?? "")
        text += "\(keyword) \(words[chance.below(words.count)]) \(filter)\n"
        isFirst = false
      }
    }
    return text
  }

  /// A dynamic-security file with rules of every kind, for nobody and ann, whose password is "secret".
  static func dynamicSecurity(_ chance: inout Chance) -> String {
    let kinds = [
      "publishClientSend", "publishClientReceive", "subscribeLiteral", "subscribePattern",
      "unsubscribeLiteral", "unsubscribePattern",
    ]
    let roles = (0..<3).map { number in
      let acls = (0..<chance.below(6)).map { _ in
        var filter = filters[chance.below(filters.count)]
        // mosquitto 2.0 takes "/#" in a rule for "#" in a subscription.
        if filter == "/#" { filter = "a/#" }
        if chance.happens(onceIn: 6) { filter = "%u/" + filter }
        return "{\"acltype\":\"\(kinds[chance.below(kinds.count)])\",\"topic\":\"\(filter)\","
          + "\"priority\":\(chance.below(3)),\"allow\":\(chance.happens(onceIn: 2))}"
      }
      let wildcards = chance.happens(onceIn: 5) ? "\"allowwildcardsubs\":false," : ""
      return "{\"rolename\":\"r\(number)\",\(wildcards)\"acls\":[\(acls.joined(separator: ","))]}"
    }
    let defaults = ["publishClientSend", "publishClientReceive", "subscribe", "unsubscribe"].map {
      "\"\($0)\":\(chance.happens(onceIn: 2))"
    }
    let ann = DynamicSecurityQuestions.client(
      "ann", "{\"rolename\":\"r0\",\"priority\":2},{\"rolename\":\"r1\"}")
    return """
      {"defaultACLAccess":{\(defaults.joined(separator: ","))},"clients":[\(ann)],
      "groups":[{"groupname":"g","roles":[{"rolename":"r2"},{"rolename":"r1"}]}],
      "anonymousGroup":"g","roles":[\(roles.joined(separator: ","))]}
      """
  }

  /// A file of the kind that the seed says.
  static func file(_ chance: inout Chance, isDynamic: Bool) -> String {
    isDynamic ? dynamicSecurity(&chance) : accessFile(&chance)
  }

  static func list(_ file: String, _ name: String = "file") throws -> AccessList {
    try AccessList(reading: Array(file.utf8), file: name, allowsExtensions: true)
  }
}

extension RequestKind {
  /// The filter as the algebra of its kind sees it: as a topic.
  fileprivate func word(_ filter: String) -> String? {
    guard RequestKind(Array(filter.utf8)) == self else { return nil }
    return self == .multiLevelWildcard && filter != "#" ? String(filter.dropLast(2)) : filter
  }
}

extension TopicRegion {
  fileprivate func holds(_ topic: String) -> Bool {
    guard let word = requests.map({ $0.word(topic) }) ?? topic else { return false }
    return isMatch(shape, word) && !outside.contains { isMatch($0, word) }
  }
}

struct RequestRegionTests {
  private static let requests = [AccessAction.subscribe, .unsubscribe]

  @Test(arguments: 1...60, [false, true])
  func `a filter is in an allowed region when it may be asked for, and only then`(
    seed: UInt64, isDynamic: Bool
  ) throws {
    var chance = Chance(seed: seed)
    let file = SmallUniverse.file(&chance, isDynamic: isDynamic)
    let list = try SmallUniverse.list(file)
    for subject in AuditSubject.all([list]) {
      let permissions = AccessPermissions(list, subject.subject)
      for action in Self.requests {
        let allowed = RequestKind.allCases.flatMap {
          permissions.requestRegions(action, $0, allowed: true)
        }
        let denied = RequestKind.allCases.flatMap {
          permissions.requestRegions(action, $0, allowed: false)
        }
        for filter in SmallUniverse.filters {
          let isAllowed = permissions.decide(action, topic: filter).isAllowed
          let isIn = [allowed, denied].map { $0.contains { $0.holds(filter) } }
          if isIn != [isAllowed, !isAllowed] {
            Issue.record("\(subject.title) \(action) \(filter): \(isAllowed), \(isIn) in\n\(file)")
          }
        }
        for (regions, isAllowed) in [(allowed, true), (denied, false)] {
          for region in regions {
            guard let example = region.example else { continue }
            #expect(region.holds(example), "\(region.text): \(example)")
            #expect(permissions.decide(action, topic: example).isAllowed == isAllowed)
          }
        }
      }
    }
  }

  @Test(arguments: 1...60, [false, true])
  func `what changes is what single decisions say, for every action`(
    seed: UInt64, isDynamic: Bool
  ) throws {
    var chance = Chance(seed: seed)
    let file = SmallUniverse.file(&chance, isDynamic: isDynamic)
    // Some are another file of the kind, some a file of the other kind.
    let other = SmallUniverse.file(&chance, isDynamic: isDynamic != chance.happens(onceIn: 4))
    let (old, new) = (
      try SmallUniverse.list(file, "old"), try SmallUniverse.list(other, "new")
    )
    let changes = AccessChange.all(from: old, to: new)
    for subject in AuditSubject.all([old, new]) {
      let before = AccessPermissions(old, subject.subject)
      let after = AccessPermissions(new, subject.subject)
      for action in AccessAction.allCases {
        let own = changes.filter { $0.title == subject.title && $0.action == action }
        for change in own {
          let who = change.exampleSubject ?? subject.subject
          let decisions = [old, new].map {
            AccessPermissions($0, who).decide(action, topic: change.example).isAllowed
          }
          #expect(decisions == [!change.isGain, change.isGain], "\(change) in\n\(file)\n\(other)")
        }
        let questions =
          Self.requests.contains(action) ? SmallUniverse.filters : SmallUniverse.topics
        let isChanged = questions.contains {
          before.decide(action, topic: $0).isAllowed != after.decide(action, topic: $0).isAllowed
        }
        if isChanged, own.isEmpty {
          Issue.record("\(subject.title) \(action): no change is told between\n\(file)\n\(other)")
        }
      }
    }
  }

  static let changes: [(String, String, [String])] = [
    // Subscribe rights of both kinds of files.
    (
      "", "topic subscribe t/#",
      ["loses subscribe #, except t/# for #", "loses subscribe $+/# for $x/#"]
    ),
    (
      "topic subscribe t/#", "topic subscribe t/+",
      ["loses subscribe t/# for t/#", "loses subscribe t/#, except t/+ for t/+/x"]
    ),
    ("topic subscribe t/+", "topic subscribe t/a", ["loses subscribe t/+, except t/a for t/+"]),
    // Topics that begin with $.
    (
      "", "topic readwrite $CONTROL/#",
      ["gains publish $CONTROL/# for $CONTROL", "gains deliver $CONTROL/# for $CONTROL"]
    ),
    ("topic read $app/c1", "topic read $app/#", ["gains deliver $app/#, except $app/c1 for $app"]),
    ("topic read #", "topic read #\ntopic read $SYS/#", ["gains deliver $SYS/# for $SYS"]),
    (
      "", "topic write $SYS/#",
      [
        "gains publish $SYS/broker/connection/+/state for "
          + "$SYS/broker/connection/x/state"
      ]
    ),
    ("topic write $share/#", "", []),
    // A name in the place of %c.
    ("", "pattern write log/%c", ["gains publish log/%c for log/c1"]),
    (
      "topic read x\n", "topic read x\npattern write dev-%c/#",
      ["gains publish dev-%c/# for dev-c1"]
    ),
    ("topic read c1/%c", "", ["loses deliver c1/%c for c1/%c"]),
  ]

  @Test(arguments: changes) func `change is told with its region and an example of it`(
    old: String, new: String, expected: [String]
  ) throws {
    let changes = AccessChange.all(
      from: try SmallUniverse.list(old, "old"), to: try SmallUniverse.list(new, "new"))
    let own = changes.filter { $0.title == "clients without a user name" }
    #expect(
      own.map {
        "\($0.isGain ? "gains" : "loses") \($0.action) \($0.region.text) for \($0.example)"
      } == expected)
  }

  private func dynamic(_ acls: String, allowsByDefault: Bool = false) throws -> AccessList {
    try SmallUniverse.list(
      """
      {"defaultACLAccess":{"publishClientReceive":\(allowsByDefault),"subscribe":\(allowsByDefault)},
       "groups":[{"groupname":"g","roles":[{"rolename":"r"}]}],"anonymousGroup":"g",
       "roles":[{"rolename":"r","acls":[\(acls)]}]}
      """)
  }

  static let literals: [(String, String, String)] = [
    ("subscribeLiteral", "t/#", "gains subscribe t/# for t/#"),
    ("subscribeLiteral", "t/+", "gains subscribe t/+ for t/+"),
    ("subscribeLiteral", "#", "gains subscribe # for #"),
    ("subscribePattern", "t/#", "gains subscribe t/# for t/#"),
    ("subscribePattern", "$SYS/#", "gains subscribe $SYS/# for $SYS/#"),
    ("unsubscribePattern", "t/+", "gains unsubscribe t/+ for t/+"),
    ("unsubscribeLiteral", "t", "gains unsubscribe t for t"),
  ]

  @Test(arguments: literals) func `rule about requests is a change`(
    kind: String, filter: String, expected: String
  ) throws {
    let rule = "{\"acltype\":\"\(kind)\",\"topic\":\"\(filter)\",\"allow\":true}"
    let changes = AccessChange.all(from: try dynamic(""), to: try dynamic(rule))
    let own = changes.filter { $0.title == "clients without a user name" }
    #expect(
      own.map {
        "\($0.isGain ? "gains" : "loses") \($0.action) \($0.region.text) for \($0.example)"
      } == [expected])
  }

  @Test func `what the defaults allow may begin with $`() throws {
    let list = try dynamic("", allowsByDefault: true)
    let permissions = AccessPermissions(
      list, AccessSubject(clientIdentifier: "c", userName: nil))
    #expect(permissions.decide(.deliver, topic: "$app/a").isAllowed)
    #expect(permissions.deliverability(of: Array("$app/a".utf8)).extent == .fully)
    #expect(permissions.mayEverReceive(filter: "$app/#").isAllowed)
    #expect(permissions.deliverability(of: Array("$CONTROL/#".utf8)).extent == .never)
    #expect(!permissions.mayEverReceive(filter: "$CONTROL/a").isAllowed)
  }

  @Test func `a filter with $ of which a rule allows a part is delivered partly`() throws {
    let list = try SmallUniverse.list("topic read $app/c1")
    let permissions = AccessPermissions(
      list, AccessSubject(clientIdentifier: "c", userName: nil))
    let found = permissions.deliverability(of: Array("$app/#".utf8))
    #expect(found.extent == .partly)
    #expect(found.undelivered == "$app")
  }

  @Test func `wildcards of subscribePattern leave out what begins with $ [MQTT-4.7.2-1]`() throws {
    let list = try dynamic("{\"acltype\":\"subscribePattern\",\"topic\":\"#\",\"allow\":true}")
    let permissions = AccessPermissions(
      list, AccessSubject(clientIdentifier: "c", userName: nil))
    #expect(permissions.decide(.subscribe, topic: "a/#").isAllowed)
    #expect(!permissions.decide(.subscribe, topic: "$SYS/#").isAllowed)
  }
}
