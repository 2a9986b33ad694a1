// Log lines: their time, their form, and what happens when nobody reads them.

import Glibc
import MQTTServer
import Testing

@Suite struct LogTests {
  @Test(arguments: [
    (0, "1970-01-01T00:00:00.000Z"), (951_782_400_000, "2000-02-29T00:00:00.000Z"),
    (1_795_233_600_123, "2026-11-21T04:00:00.123Z"), (-1, "1969-12-31T23:59:59.999Z"),
    (4_107_542_399_999, "2100-02-28T23:59:59.999Z"),
    (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
    (1_735_689_599_000, "2024-12-31T23:59:59.000Z"),
  ])
  func `a time is written in UTC to the millisecond`(milliseconds: Int64, text: String) {
    #expect(Timestamp.text(milliseconds * 1_000_000) == text)
  }

  @Test func `a line has its time in front and cannot smuggle in another`() throws {
    let pipe = try Pipe()
    let log = ServerLog(descriptor: pipe.writer)
    log.add("one\ntwo\u{1B}[31m", at: 0)
    #expect(log.flush())
    #expect(pipe.text() == "1970-01-01T00:00:00.000Z one?two?[31m\n")
  }

  @Test func `lines wait for a slow reader and arrive in order`() throws {
    let pipe = try Pipe()
    let log = ServerLog(descriptor: pipe.writer)
    for number in 0..<5000 { log.add("line \(number)", at: 0) }
    #expect(!log.flush())
    var text = pipe.text()
    while !log.flush() { text += pipe.text() }
    text += pipe.text()
    let lines = text.split(separator: "\n").map { $0.split(separator: " ").last.map(String.init) }
    #expect(lines == (0..<5000).map { String($0) })
  }

  @Test func `what exceeds the bound is dropped and counted`() throws {
    let pipe = try Pipe()
    let log = ServerLog(descriptor: pipe.writer)
    let long = String(repeating: "x", count: 100_000)
    for _ in 0..<15 { log.add(long, at: 0) }
    while !log.flush() { _ = pipe.text() }
    _ = pipe.text()
    log.add("after", at: 0)
    #expect(log.flush())
    let expected = [
      "1970-01-01T00:00:00.000Z 5 lines of log were dropped because nobody read them",
      "1970-01-01T00:00:00.000Z after", "",
    ]
    #expect(pipe.text() == expected.joined(separator: "\n"))
  }

  @Test func `a reader that is gone does no harm`() throws {
    signal(SIGPIPE, SIG_IGN)
    let pipe = try Pipe()
    let log = ServerLog(descriptor: pipe.writer)
    pipe.closeReader()
    log.add("unheard", at: 0)
    #expect(log.flush())
  }
}

/// A pipe whose reader takes what is there.
final class Pipe {
  let writer: Int32
  private var reader: Int32

  init() throws {
    var ends: [Int32] = [0, 0]
    try #require(pipe(&ends) == 0)
    reader = ends[0]
    writer = ends[1]
    _ = fcntl(reader, F_SETFL, O_NONBLOCK)
  }

  deinit {
    if reader >= 0 { close(reader) }
    close(writer)
  }

  func closeReader() {
    close(reader)
    reader = -1
  }

  /// Everything that comes until `wanted` is among it, or twenty seconds have passed.
  func text(until wanted: String) -> String {
    var all = text()
    for _ in 0..<4000 where !all.contains(wanted) {
      usleep(5000)
      all += text()
    }
    return all
  }

  /// Everything that can be read now.
  func text() -> String {
    var all: [UInt8] = []
    var part = [UInt8](repeating: 0, count: 65536)
    while true {
      let count = read(reader, &part, part.count)
      if count <= 0 { return String(decoding: all, as: UTF8.self) }
      all += part[..<count]
    }
  }
}
