// Heads as they come and as they are sent.

import HTTP
import Testing

@Suite struct HeadTests {
  private static let request = Array(
    "GET /a?b HTTP/1.1\r\nHost:  x \r\nAccept: a, B\r\nACCEPT: c\r\n\r\n".utf8)

  @Test func `a head that is split anywhere is gathered, and what follows it is left`() {
    let bytes = Self.request + [1, 2, 3]
    for split in 0...bytes.count {
      var collector = HeadCollector(limitBytes: 100)
      let (front, back) = (Array(bytes[..<split]), Array(bytes[split...]))
      var progress = collector.collect(front.span)
      var consumed = 0
      if case .incomplete = progress {
        consumed = split
        progress = collector.collect(back.span)
      }
      #expect(progress == .complete(Self.request, consumed: Self.request.count - consumed))
    }
  }

  @Test func `a head behind another one is gathered by itself`() {
    var collector = HeadCollector(limitBytes: Self.request.count)
    for _ in 0..<3 {
      #expect(
        collector.collect(Self.request.span)
          == .complete(Self.request, consumed: Self.request.count))
      #expect(collector.isEmpty)
    }
  }

  @Test func `a head may be as long as the limit and not a byte longer`() {
    var wide = HeadCollector(limitBytes: Self.request.count)
    #expect(
      wide.collect(Self.request.span) == .complete(Self.request, consumed: Self.request.count))
    var narrow = HeadCollector(limitBytes: Self.request.count - 1)
    #expect(narrow.collect(Self.request.span) == .tooLong)
  }

  @Test func `lines may end in a bare LF`() throws {
    let bytes = Array("HTTP/1.1 200 OK\nA: b\n\n".utf8)
    var collector = HeadCollector(limitBytes: 100)
    #expect(collector.collect(bytes.span) == .complete(bytes, consumed: bytes.count))
    #expect(try MessageHead(bytes).fields == [HeaderField(name: "a", value: "b")])
  }

  @Test func `fields have no case, no space around them, and may come more than once`() throws {
    let head = try MessageHead(Self.request)
    #expect(head.startLine == "GET /a?b HTTP/1.1")
    #expect(head["host"] == "x")
    #expect(head["accept"] == "a, B, c")
    #expect(head.count(of: "accept") == 2)
    #expect(head.list("accept") == ["a", "B", "c"])
    #expect(head.contains("b", in: "accept"))
    #expect(!head.contains("d", in: "accept"))
    #expect(head["absent"] == nil)
  }

  @Test(arguments: [
    ("\r\n\r\n", "the first line is not readable text"),
    ("GET \u{1} HTTP/1.1\r\n\r\n", "the first line is not readable text"),
    ("GET / HTTP/1.1\r\nA: \u{7F}\r\n\r\n", "a header line holds control characters"),
    ("GET / HTTP/1.1\r\nHost\r\n\r\n", "the header line 'Host' has no colon"),
    ("GET / HTTP/1.1\r\n: x\r\n\r\n", "'' is not the name of a header"),
    ("GET / HTTP/1.1\r\nA : x\r\n\r\n", "'A ' is not the name of a header"),
    ("GET / HTTP/1.1\r\nA: x\r\n folded: y\r\n\r\n", "' folded' is not the name of a header"),
  ])
  func `a head that is none says what is wrong with it`(text: String, expected: String) {
    let fault = #expect(throws: MalformedHead.self) { try MessageHead(Array(text.utf8)) }
    #expect(fault?.description == expected)
  }

  @Test func `a request's first line has a method, a path with its query, and a version`() throws {
    let line = try #require(RequestLine("POST /a/b?c=d HTTP/1.0"))
    #expect(line.method == "POST")
    #expect(line.target == "/a/b?c=d")
    #expect(line.path == "/a/b")
    #expect(line.version == "HTTP/1.0")
    for text in ["GET /", "GET / HTTP/1.1 ", "GET * HTTP/1.1", "GET / SSH-2.0", ""] {
      #expect(RequestLine(text) == nil, "\(text)")
    }
  }

  @Test func `an answer's first line has a code and its words`() throws {
    #expect(try #require(StatusLine("HTTP/1.1 404 Not Found")).status == "404 Not Found")
    #expect(try #require(StatusLine("HTTP/1.0 101")).hasCode("101"))
    #expect(try #require(StatusLine("HTTP/1.1 1010 x")).hasCode("101") == false)
    for text in ["HTTP/1.1", "HTTP/2 200 OK", "200 OK", ""] {
      #expect(StatusLine(text) == nil, "\(text)")
    }
  }

  @Test(arguments: [
    ("GET / HTTP/1.1", true, false), ("PATCH ", true, false), ("GET", false, false),
    ("HTTP/1.1 200 OK", false, true), ("HTTP", false, false), ("get / ", false, false),
  ])
  func `the first bytes tell a request from an answer`(
    text: String, isRequest: Bool, isAnswer: Bool
  ) {
    let bytes = Array(text.utf8)
    #expect(RequestLine.begins(bytes.span) == isRequest)
    #expect(StatusLine.begins(bytes.span) == isAnswer)
  }

  @Test(arguments: [
    ("A: b", HeaderField(name: "A", value: "b")), ("A:", HeaderField(name: "A", value: "")),
    ("A:\tb:c ", HeaderField(name: "A", value: "b:c")), ("A", nil), (": b", nil), ("A b: c", nil),
    ("A: b\r\nC: d", nil),
  ])
  func `a field is read from its text`(text: String, field: HeaderField?) {
    #expect(HeaderField(text) == field)
  }

  @Test func `a head is written as it is read`() throws {
    var answer = HeadWriter(status: "404 Not Found")
    answer.add("Content-Length", "0")
    #expect(answer.whole == "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
    let head = try MessageHead(Array(answer.whole.utf8))
    #expect(StatusLine(head.startLine)?.hasCode("404") == true)
    #expect(head["content-length"] == "0")
    var request = HeadWriter(method: "GET", target: "/a?b")
    request.add("Host", "x")
    #expect(request.whole == "GET /a?b HTTP/1.1\r\nHost: x\r\n\r\n")
  }
}
