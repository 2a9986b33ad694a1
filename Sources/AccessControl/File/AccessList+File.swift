// An ACL file as a list of rules: a block for each user and one for everyone.

extension AccessList {
  /// Compiles the rules of an ACL file.
  package convenience init(_ source: AccessFile) {
    var builder = BlockBuilder(source.rules)
    // Denying rules are asked first, in both kinds of lists.
    let numbers = source.rules.indices
    let order =
      numbers.filter { !source.rules[$0].denies.isEmpty }
      + numbers.filter { source.rules[$0].denies.isEmpty }
    var blockOf: [RuleScope: Int] = [:]
    for number in order {
      let scope = source.rules[number].scope
      let block = blockOf[scope] ?? builder.addBlock()
      blockOf[scope] = block
      builder.add(number, to: block)
    }
    let shared = blockOf[.everyone].map { [$0] } ?? []
    var own: [[UInt8]: [Int]] = [:]
    for user in source.users {
      own[user.name] = (blockOf[.user(user.name)].map { [$0] } ?? []) + shared
    }
    self.init(
      file: source.name, rules: source.rules, users: source.users.map(\.name),
      blocks: builder.blocks, blocksOfUser: own,
      blocksOfAnonymous: (blockOf[.anonymous].map { [$0] } ?? []) + shared,
      blocksOfOthers: shared, everyone: blockOf[.everyone],
      allowedByDefault: [.subscribe, .unsubscribe], restrictsRequests: false)
  }

  /// Reads and compiles an ACL file; see ``AccessFile/init(parsing:name:allowsExtensions:)``.
  package convenience init(
    parsing bytes: [UInt8], file: String, allowsExtensions: Bool = false
  ) throws(AccessFileErrors) {
    self.init(try AccessFile(parsing: bytes, name: file, allowsExtensions: allowsExtensions))
  }
}
