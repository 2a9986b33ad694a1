// Rules suggested from what clients were seen to do.

import AccessControl
import Testing

struct ObservedAccessTests {
  private func seen(
    _ user: String?, _ client: String, _ action: AccessAction, _ topic: String
  ) -> ObservedAccess {
    ObservedAccess(userName: user, clientIdentifier: client, action: action, topic: topic)
  }

  @Test func `each user gets what it did and nothing that another filter covers`() {
    let suggestion = SuggestedAccess(for: [
      seen("ann", "c1", .publish, "home/door"), seen("ann", "c1", .subscribe, "home/#"),
      seen("ann", "c1", .deliver, "home/lamp"), seen("ann", "c1", .subscribe, "home/+/x"),
      seen(nil, "c2", .subscribe, "$share/g/news/+"), seen(nil, "c2", .publish, "both"),
      seen(nil, "c2", .subscribe, "both"),
    ])
    #expect(
      suggestion.text == """
        # clients without a user name
        topic readwrite both
        topic read news/+

        user ann
        topic write home/door
        topic read home/#

        """)
    #expect(suggestion.impossible.isEmpty)
  }

  @Test func `topics in which all clients have their own name become one pattern`() {
    let suggestion = SuggestedAccess(for: [
      seen("ann", "c1", .publish, "log/c1/now"), seen("bob", "c2", .publish, "log/c2/now"),
      seen("ann", "c1", .subscribe, "job/c1/#"), seen("bob", "c2", .subscribe, "job/c2/#"),
      seen("bob", "c2", .publish, "own/c2"),
    ])
    #expect(
      suggestion.text == """
        user bob
        topic write own/c2

        # every client
        pattern write log/%c/now
        pattern read job/%c/#

        """)
    #expect(suggestion.impossible.isEmpty)
  }

  @Test func `what no rule can grant is said`() {
    let suggestion = SuggestedAccess(for: [
      seen("ann", "c1", .publish, "$SYS/broker/uptime"), seen("ann", "c1", .publish, " blank "),
    ])
    #expect(
      suggestion.text == """
        user ann
        topic write $SYS/broker/uptime
        # no rule can grant: ann client c1 publish $SYS/broker/uptime
        # no rule can grant: ann client c1 publish  blank 

        """)
  }

  @Test func `no name from a capture becomes a rule of its own`() {
    let injected = "x\nuser admin\ntopic readwrite #"
    let suggestion = SuggestedAccess(for: [
      seen("ann", injected, .publish, "a"), seen(injected, "c1", .publish, "a"),
      seen("ann", "c1", .publish, "\(injected)/c1"), seen("ann", "c2", .publish, "\(injected)/c2"),
    ])
    #expect(!suggestion.text.contains("\nuser admin"))
    #expect(!suggestion.text.contains("\ntopic readwrite"))
    #expect(suggestion.text.contains("c1 publish x\\nuser admin\\ntopic readwrite #/c1\n"))
  }

  @Test func `no topic with a line break becomes a pattern`() {
    let suggestion = SuggestedAccess(for: [
      seen("ann", "c1", .publish, "a\nuser admin\n/c1"),
      seen("ann", "c2", .publish, "a\nuser admin\n/c2"),
    ])
    #expect(!suggestion.text.contains("\nuser admin"))
    #expect(suggestion.impossible.count == 2)
  }

  @Test func `subscription of which nothing can be delivered is denied`() throws {
    let list = try AccessList(parsing: Array("topic read a/+\n".utf8), file: "acl")
    #expect(seen(nil, "c", .subscribe, "a/b").decision(by: list).isAllowed)
    #expect(seen(nil, "c", .subscribe, "$share/g/#").decision(by: list).isAllowed)
    #expect(!seen(nil, "c", .subscribe, "b/#").decision(by: list).isAllowed)
  }
}
