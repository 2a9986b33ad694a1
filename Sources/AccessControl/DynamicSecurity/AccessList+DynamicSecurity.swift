// A dynamic-security file as a list of rules: a block for each role, and for each client the blocks
// of its roles and of those of its groups.

import MQTTCodec

extension AccessList {
  /// Compiles the roles of a dynamic-security file.
  package convenience init(_ source: DynamicSecurity) {
    var builder = BlockBuilder(source.rules)
    var blockOf: [[UInt8]: Int] = [:]
    for role in source.roles {
      let block = builder.addBlock(allowsWildcards: role.allowsWildcards)
      blockOf[role.name] = block
      for rule in role.rules { builder.add(rule, to: block) }
    }
    var blocksOfGroup: [[UInt8]: [Int]] = [:]
    for group in source.groups {
      blocksOfGroup[group.name] = group.roles.compactMap { blockOf[$0.name] }
    }
    var blocksOfUser: [[UInt8]: [Int]] = [:]
    for client in source.clients where !client.isDisabled {
      blocksOfUser[client.userName] =
        client.roles.compactMap { blockOf[$0.name] }
        + client.groups.flatMap { blocksOfGroup[$0.name] ?? [] }
    }
    self.init(
      file: source.name, rules: source.rules, users: source.clients.map(\.userName),
      blocks: builder.blocks, blocksOfUser: blocksOfUser,
      blocksOfAnonymous: source.anonymousGroup.flatMap { blocksOfGroup[$0] } ?? [],
      blocksOfOthers: nil, everyone: nil, allowedByDefault: source.allowedByDefault,
      restrictsRequests: true)
  }

  /// Reads and compiles an ACL file or a dynamic-security file, told apart by their first character.
  package convenience init(
    reading bytes: [UInt8], file: String, allowsExtensions: Bool = false
  ) throws(AccessFileErrors) {
    if DynamicSecurity.isLikely(bytes) {
      self.init(try DynamicSecurity(parsing: bytes, name: file))
    } else {
      self.init(try AccessFile(parsing: bytes, name: file, allowsExtensions: allowsExtensions))
    }
  }
}
