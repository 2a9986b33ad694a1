// Scenarios, who takes part in them, and templates: text in, meaning out.

import Bench
import Testing

struct ScenarioTests {
  @Test(
    arguments: [
      ("fanout:1x1000", "fanout:1x1000"), ("fanout:50", "fanout:1x50"),
      ("fanin:1000x1", "fanin:1000x1"),
      ("fanin:7", "fanin:7x1"), ("pairs:500", "pairs:500"), ("pairs", "pairs:50"),
      ("shared:100x5", "shared:100x5"), ("pubsub:3x4", "pubsub:3x4"), ("pub:2k", "pub:2000"),
      ("sub", "sub:1"), ("conn:20k:hold", "conn:20000:hold"), ("conn", "conn:1000:storm"),
      ("conn:5:churn", "conn:5:churn"), ("retained:100k", "retained:100000"),
      ("offline:1M", "offline:1000000"), ("rr", "rr:1"),
    ]) func `a scenario is read and written`(_ text: String, _ written: String) throws
  {
    let scenario = try Scenario(text)
    #expect(scenario.description == written)
    #expect(try Scenario(written) == scenario)
  }

  @Test(
    arguments: [
      ("", "expected a scenario: pubsub, fanout"),
      ("fan:1x2", "expected a scenario: pubsub, fanout"),
      ("fanout:0", "expected a whole number from 1 up"),
      ("fanout:1x2x3", "expected PUBLISHERSxSUBSCRIBERS"), ("pairs:2x3", "expected one number"),
      ("conn:5:often", "expected one of storm, hold, churn"), ("rr:1:2", "expected NAME:SIZE"),
      ("retained:many", "expected a whole number from 1 up"),
      ("pub:99999999999G", "expected a whole number from 1 up"),
    ]) func `what is no scenario is explained`(_ text: String, _ problem: String)
  {
    let error = #expect(throws: ScenarioFault.self) { try Scenario(text) }
    #expect(error?.problem.hasPrefix(problem) == true, "\(error?.problem ?? "")")
  }

  @Test func `every publisher is heard by those whom the scenario says`() throws {
    let fan = Cast(try Scenario("pubsub:3x4"))
    #expect(fan.fanOut == 4)
    #expect(fan.publishers(heardBy: 2) == PublisherSet(first: 0, count: 3))
    let pairs = Cast(try Scenario("pairs:5"))
    #expect(pairs.fanOut == 1)
    #expect(pairs.publishers(heardBy: 3).position(of: 3) == 0)
    #expect(pairs.publishers(heardBy: 3).position(of: 2) == nil)
    #expect(Cast(try Scenario("shared:10x5")).fanOut == 1)
    #expect(Cast(try Scenario("pub:10")).fanOut == 0)
    #expect(Cast(try Scenario("conn:10")).clientCount == 10)
  }

  @Test func `placeholders are filled in`() {
    var values = PlaceholderText.Values()
    values.clientNumber = 7
    values.clientIdentifier = "c7"
    values.userName = "ann"
    values.message = 12
    values.wallNanoseconds = 1_700_000_000_123_456_789
    values.random = 41
    #expect(PlaceholderText("a/%i/%c/%u/%s/%rand_10/100%").text(values) == "a/7/c7/ann/12/2/100%")
    #expect(PlaceholderText("%TIMESTAMP% %TIMESTAMPMS%").text(values) == "1700000000 1700000000123")
    #expect(PlaceholderText("%TIMESTAMPUS%").text(values) == "1700000000123456")
    #expect(PlaceholderText("%TIMESTAMPNS%").text(values) == "1700000000123456789")
    #expect(PlaceholderText("%x%%i").text(values) == "%x%7")
    #expect(PlaceholderText("a/%s").variesByMessage)
    #expect(!PlaceholderText("a/%i").variesByMessage)
    #expect(PlaceholderText("a/%i").variesByClient)
  }

  @Test(
    arguments: [
      ("a/b", "a/b"), ("a/%i/b", "a/+/b"), ("a/x%i/b/%s", "a/+/b/+"), ("%c", "+"),
      ("a/%rand_5/", "a/+/"),
    ]) func `the filter of a template matches all its topics`(_ topic: String, _ filter: String)
  {
    #expect(PlaceholderText(topic).filter(PlaceholderText.Values(), varies: true) == filter)
  }

  @Test func `one publisher's filter keeps what is its own`() {
    var values = PlaceholderText.Values()
    values.clientNumber = 3
    #expect(PlaceholderText("a/%i/%s").filter(values, varies: false) == "a/3/+")
  }
}
