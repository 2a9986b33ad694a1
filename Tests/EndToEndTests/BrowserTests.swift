// A real browser: headless Chromium runs a page that speaks MQTT by a small client of its own. The
// page says by MQTT how it went, so that nothing of the browser's own has to be read.

import Foundation
import LiveSupport
import Testing

struct BrowserTests {
  /// A page that subscribes and publishes at QoS 2, with both handshakes, and reports.
  private static let page = #"""
    <!doctype html><meta charset="utf-8"><title>MQTT</title><script>
    const place = new URLSearchParams(location.search);
    const text = new TextEncoder(), words = new TextDecoder();
    const field = bytes => [bytes.length >> 8, bytes.length & 255, ...bytes];
    const packet = (first, body) => {
      const length = [];
      let rest = body.length;
      do { length.push((rest & 127) | (rest > 127 ? 128 : 0)); rest >>= 7; } while (rest);
      return Uint8Array.from([first, ...length, ...body]);
    };
    const socket = new WebSocket(`ws://localhost:${place.get("port")}/mqtt`, "mqtt");
    socket.binaryType = "arraybuffer";
    const count = 50, large = "x".repeat(100000), seen = [];
    let stream = [], completed = 0, reported = false;
    const publish = (topic, payload, id) =>
      socket.send(packet(0x34, [...field(text.encode(topic)), 0, id, ...text.encode(payload)]));
    socket.onopen = () =>
      socket.send(packet(0x10, [0, 4, 77, 81, 84, 84, 4, 2, 0, 60, ...field(text.encode("page"))]));
    const report = () => {
      if (reported || completed < count + 1 || seen.length < count + 1) return;
      reported = true;
      const all = seen.length === count + 1 && seen.slice(0, count).every((m, i) => m === `${i}`)
        && seen[count] === large;
      publish("report", `${socket.protocol} ${all ? "all in order" : seen.join()}`, 200);
    };
    const take = (type, body) => {
      if (type === 0x20) socket.send(packet(0x82, [0, 1, ...field(text.encode("page/#")), 2]));
      if (type === 0x90) {
        for (let i = 0; i < count; i++) publish("page/x", `${i}`, i + 1);
        publish("page/x", large, count + 1);
      }
      if (type === 0x50) socket.send(packet(0x62, body));          // PUBREC: PUBREL
      if (type === 0x70) { completed++; report(); }                // PUBCOMP
      if ((type & 0xF0) === 0x30) {                                // PUBLISH: PUBREC
        const topic = body[0] << 8 | body[1];
        socket.send(packet(0x50, body.slice(topic + 2, topic + 4)));
        seen.push(words.decode(Uint8Array.from(body.slice(topic + 4))));
      }
      if (type === 0x62) { socket.send(packet(0x70, body)); report(); }   // PUBREL: PUBCOMP
    };
    socket.onmessage = event => {
      stream = stream.concat(Array.from(new Uint8Array(event.data)));
      for (;;) {
        let length = 0, at = 1;
        while (at < stream.length && at < 5) {
          length |= (stream[at] & 127) << (7 * (at - 1));
          if (stream[at++] < 128) break;
        }
        if (at === 1 || stream[at - 1] > 127 || stream.length < at + length) return;
        const body = stream.slice(at, at + length), type = stream[0];
        stream = stream.slice(at + length);
        take(type, body);
      }
    };
    </script>
    """#

  /// Serves the page to whoever asks, until the browser has had it.
  private static func serve(_ listener: TCPListener) {
    let thread = Thread {
      let body = Array(page.utf8)
      let head =
        "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: \(body.count)\r\n"
        + "Connection: close\r\n\r\n"
      while let connection = try? listener.accept(within: 60) {
        guard case .bytes(let request) = connection.receive(within: 20) else { continue }
        if String(decoding: request, as: UTF8.self).hasPrefix("GET /favicon") {
          connection.send(Array("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n".utf8))
        } else {
          connection.send(Array(head.utf8) + body)
        }
        connection.close()
      }
    }
    thread.start()
  }

  /// Starts the browser on the page.
  private func browse(page: UInt16, broker: LiveBroker, folder: TestFolder) throws -> RunningProgram
  {
    // It leaves a folder in TMPDIR behind when it is killed.
    try RunningProgram(
      [
        "chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
        "--no-first-run", "--disable-extensions", "--disable-background-networking",
        "--user-data-dir=\(folder.path)", "--remote-debugging-port=0",
        "http://localhost:\(page)/?port=\(broker.port)",
      ], environment: ["TMPDIR": folder.path])
  }

  @Test func `a page in Chromium publishes and subscribes at QoS 2`() throws {
    let listener = try TCPListener()
    Self.serve(listener)
    let broker = try LiveBroker(
      ["--ws-origin", "http://localhost:\(listener.port)"], speaksWebSocket: true)
    let reporter = try Commands.ours.subscribe(broker, ["-t", "report"])
    let folder = TestFolder()
    let browser = try browse(page: listener.port, broker: broker, folder: folder)
    defer { browser.signal(SIGTERM) }
    guard poll(60, { !messages(reporter).isEmpty }) else {
      throw ProgramError("no report; \(broker.program.errors)\(browser.errors)")
    }
    #expect(messages(reporter) == ["mqtt all in order"])
    browser.signal(SIGTERM)
    try broker.program.waitFor("page left: ")
  }

  @Test func `a page of another origin is refused in Chromium`() throws {
    let listener = try TCPListener()
    Self.serve(listener)
    let broker = try LiveBroker(["--ws-origin", "https://example.org"], speaksWebSocket: true)
    let folder = TestFolder()
    let browser = try browse(page: listener.port, broker: broker, folder: folder)
    defer { browser.signal(SIGTERM) }
    try broker.program.waitFor(
      "pages of the origin http://localhost:\(listener.port) may not connect", within: 60)
  }
}
