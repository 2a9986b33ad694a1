// From the JSON of a dynamic-security file to what it says. Members that nobody knows are skipped,
// as the plugin does; what is known must be of its kind.

import Text

struct DynamicSecurityReader {
  let file: String
  var clients: [DynamicSecurity.Client] = []
  var groups: [DynamicSecurity.Group] = []
  var roles: [DynamicSecurity.Role] = []
  var rules: [AccessRule] = []
  var allowedByDefault: AccessActions = []
  var anonymousGroup: [UInt8]?
  var errors: [AccessFileError] = []
  /// The names in the three lists above, and where a client stands in its list.
  private var roleNames: Set<[UInt8]> = []
  private var groupNames: Set<[UInt8]> = []
  private var clientPlaces: [[UInt8]: Int] = [:]
  /// Where each line begins.
  private let lineStarts: [Int]

  /// An object, and where it stands.
  struct Place {
    var members: [JSONValue.Member]
    var offset: Int

    func member(_ name: String) -> JSONValue.Member? {
      members.first { $0.name.elementsEqual(name.utf8) }
    }
  }

  private static let kinds: [(name: String, action: AccessAction, isLiteral: Bool)] = [
    ("publishClientSend", .publish, false), ("publishClientReceive", .deliver, false),
    ("subscribeLiteral", .subscribe, true), ("subscribePattern", .subscribe, false),
    ("unsubscribeLiteral", .unsubscribe, true), ("unsubscribePattern", .unsubscribe, false),
  ]

  private static let defaults: [(name: String, action: AccessAction)] = [
    ("publishClientSend", .publish), ("publishClientReceive", .deliver),
    ("subscribe", .subscribe), ("unsubscribe", .unsubscribe),
  ]

  init(bytes: [UInt8], file: String) {
    self.file = file
    lineStarts = [0] + bytes.indices.filter { bytes[$0] == 0x0A }.map { $0 + 1 }
  }

  mutating func read(_ value: JSONValue) {
    guard case .object(let members) = value else {
      return fail(0, "expected an object", "begin the file with {")
    }
    let whole = Place(members: members, offset: 0)
    if let member = whole.member("defaultACLAccess") { readDefaults(member) }
    for place in objects(whole, "roles") { readRole(place) }
    for place in objects(whole, "groups") { readGroup(place) }
    for place in objects(whole, "clients") { readClient(place) }
    // Memberships may stand on either side.
    for place in objects(whole, "groups") { readClients(of: place) }
    anonymousGroup = text(whole, "anonymousGroup")
    if let name = anonymousGroup, !groupNames.contains(name) {
      fail(
        whole.member("anonymousGroup")?.offset ?? 0, "there is no group \(shown(name))",
        "add it to groups, or remove anonymousGroup")
    }
  }

  private mutating func readDefaults(_ member: JSONValue.Member) {
    guard case .object(let members) = member.value else {
      return fail(member.offset, "expected an object", "write { } behind defaultACLAccess")
    }
    let place = Place(members: members, offset: member.offset)
    for (name, action) in Self.defaults where truth(place, name) ?? false {
      allowedByDefault.insert(AccessActions(action))
    }
  }

  private mutating func readRole(_ place: Place) {
    guard let name = required(place, "rolename") else { return }
    if !roleNames.insert(name).inserted { return failTwice(place, "role", name) }
    var role = DynamicSecurity.Role(name: name, line: line(place.offset))
    role.allowsWildcards = truth(place, "allowwildcardsubs") ?? true
    var priorities: [Int: Int] = [:]
    for acl in objects(place, "acls") {
      guard let rule = rule(acl, role: name) else { continue }
      priorities[rules.count] = number(acl, "priority") ?? 0
      role.rules.append(rules.count)
      rules.append(rule)
    }
    role.rules.sort {
      let (left, right) = (priorities[$0] ?? 0, priorities[$1] ?? 0)
      return left == right ? $0 < $1 : left > right
    }
    roles.append(role)
  }

  private mutating func rule(_ place: Place, role: [UInt8]) -> AccessRule? {
    guard let type = required(place, "acltype"), let topic = required(place, "topic") else {
      return nil
    }
    guard let kind = Self.kinds.first(where: { type.elementsEqual($0.name.utf8) }) else {
      let known = Self.kinds.map(\.name)
      let nearest = Nearest.word(to: String(decoding: type, as: UTF8.self), among: known)
      fail(
        place.member("acltype")?.offset ?? place.offset, "\(shown(type)) is not an acltype",
        nearest.map { "the nearest is \"\($0)\"" } ?? "write " + known.joined(separator: " or "))
      return nil
    }
    if let fault = AccessFileReader.fault(of: topic) {
      fail(place.member("topic")?.offset ?? place.offset, fault.problem, fault.fix)
      return nil
    }
    let isAllowed = truth(place, "allow") ?? false
    let action = AccessActions(kind.action)
    return AccessRule(
      scope: .role(role), filter: topic, allows: isAllowed ? action : [],
      denies: isAllowed ? [] : action, isLiteral: kind.isLiteral,
      placeholders: kind.isLiteral ? .none : .wholeLevels, line: line(place.offset),
      column: column(place.offset),
      text: "\(isAllowed ? "allow" : "deny") \(kind.name) "
        + String(decoding: topic, as: UTF8.self) + " in role "
        + String(decoding: role, as: UTF8.self))
  }

  private mutating func readGroup(_ place: Place) {
    guard let name = required(place, "groupname") else { return }
    if !groupNames.insert(name).inserted { return failTwice(place, "group", name) }
    groups.append(
      DynamicSecurity.Group(
        name: name, roles: memberships(place, "roles", "rolename", roleNames, "role"),
        line: line(place.offset)))
  }

  private mutating func readClient(_ place: Place) {
    guard let name = required(place, "username") else { return }
    if clientPlaces[name] != nil { return failTwice(place, "client", name) }
    clientPlaces[name] = clients.count
    var client = DynamicSecurity.Client(userName: name, line: line(place.offset))
    client.clientIdentifier = text(place, "clientid")
    client.isDisabled = truth(place, "disabled") ?? false
    client.roles = memberships(place, "roles", "rolename", roleNames, "role")
    client.groups = memberships(place, "groups", "groupname", groupNames, "group")
    if let whole = text(place, "encoded_password") {
      client.password = String(decoding: whole, as: UTF8.self)
    } else if let digest = text(place, "password"), let salt = text(place, "salt") {
      let iterations = number(place, "iterations") ?? 101
      client.password =
        "$7$\(iterations)$" + String(decoding: salt, as: UTF8.self) + "$"
        + String(decoding: digest, as: UTF8.self)
    }
    clients.append(client)
  }

  private mutating func readClients(of place: Place) {
    guard let group = text(place, "groupname") else { return }
    for entry in objects(place, "clients") {
      guard let name = required(entry, "username") else { continue }
      guard let index = clientPlaces[name] else {
        fail(
          entry.offset, "there is no client \(shown(name))",
          "add it to clients, or take it out of the group")
        continue
      }
      if clients[index].groups.contains(where: { $0.name == group }) { continue }
      let membership = DynamicSecurity.Membership(
        name: group, priority: number(entry, "priority") ?? -1)
      clients[index].groups = Self.sorted(clients[index].groups + [membership])
    }
  }

  /// Names with priorities, the highest first.
  private mutating func memberships(
    _ place: Place, _ list: String, _ key: String, _ known: Set<[UInt8]>, _ what: String
  ) -> [DynamicSecurity.Membership] {
    var result: [DynamicSecurity.Membership] = []
    for entry in objects(place, list) {
      guard let name = required(entry, key) else { continue }
      if !known.contains(name) {
        fail(
          entry.offset, "there is no \(what) \(shown(name))",
          "add it to \(what)s, or remove it here")
        continue
      }
      result.append(
        DynamicSecurity.Membership(name: name, priority: number(entry, "priority") ?? -1))
    }
    return Self.sorted(result)
  }

  private static func sorted(
    _ list: [DynamicSecurity.Membership]
  ) -> [DynamicSecurity.Membership] {
    list.enumerated().sorted { left, right in
      left.element.priority == right.element.priority
        ? left.offset < right.offset : left.element.priority > right.element.priority
    }.map(\.element)
  }
}

// Members by name and kind.
extension DynamicSecurityReader {
  private mutating func objects(_ place: Place, _ name: String) -> [Place] {
    guard let member = place.member(name) else { return [] }
    guard case .array(let elements) = member.value else {
      fail(member.offset, "expected an array of objects", "write [ ] behind \(name)")
      return []
    }
    return elements.compactMap { element in
      guard case .object(let members) = element else {
        fail(member.offset, "expected objects in \(name)", "write { } for each of them")
        return nil
      }
      return Place(members: members, offset: members.first?.offset ?? member.offset)
    }
  }

  private mutating func text(_ place: Place, _ name: String) -> [UInt8]? {
    guard let member = place.member(name), member.value != .null else { return nil }
    if case .string(let bytes) = member.value { return bytes }
    fail(member.offset, "expected a text", "put the value of \(name) in quotes")
    return nil
  }

  private mutating func required(_ place: Place, _ name: String) -> [UInt8]? {
    if let member = place.member(name), member.value != .null {
      if case .string(let bytes) = member.value, bytes.isEmpty {
        fail(member.offset, "\(name) is empty", "write a name")
        return nil
      }
      return text(place, name)
    }
    fail(place.offset, "\(name) is missing", "add it to the object")
    return nil
  }

  private mutating func truth(_ place: Place, _ name: String) -> Bool? {
    guard let member = place.member(name) else { return nil }
    if case .truth(let isTrue) = member.value { return isTrue }
    fail(member.offset, "expected true or false", "write one of them behind \(name)")
    return nil
  }

  private mutating func number(_ place: Place, _ name: String) -> Int? {
    guard let member = place.member(name) else { return nil }
    if case .number(let number) = member.value, let whole = Int(exactly: number) { return whole }
    fail(member.offset, "expected a whole number", "write one behind \(name)")
    return nil
  }

  private mutating func failTwice(_ place: Place, _ what: String, _ name: [UInt8]) {
    fail(
      place.offset, "there are two \(what)s \(shown(name))", "rename or remove one of them")
  }

  mutating func fail(_ offset: Int, _ problem: String, _ fix: String) {
    errors.append(
      AccessFileError(
        file: file, line: line(offset), column: column(offset), problem: problem, fix: fix))
  }

  private func line(_ offset: Int) -> Int {
    var (low, high) = (0, lineStarts.count)
    while high - low > 1 {
      let middle = (low + high) / 2
      if lineStarts[middle] <= offset { low = middle } else { high = middle }
    }
    return low + 1
  }

  private func column(_ offset: Int) -> Int { offset - lineStarts[line(offset) - 1] + 1 }
}
