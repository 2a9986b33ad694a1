// `--html`: the sequence as one page that needs nothing else. The drawing is an SVG whose view begins
// at its full size, is moved by dragging and zoomed by the wheel, by keys and by buttons; `#zoom=4` in
// the address begins with that zoom. The names of the ends stay at the top of the view. Everything that comes from the capture is escaped: it is hostile.

import Basis
import Capture
import Commands
import Glibc
import MQTTCodec
import Text
import Transport

/// Draws a sequence as a page.
final class LadderPage: PacketTeller {
  private static let columnWidth = 360
  private static let rowHeight = 22
  private static let margin = 150
  /// Of a letter of the labels, about.
  private static let letterWidth = 7

  private let options: InspectOptions
  private let path: String
  private var steps: LadderSteps
  private var findings: [Finding] = []
  private var output: InspectOutput

  init(_ options: InspectOptions, _ path: String) throws(SystemError) {
    self.options = options
    self.path = path
    steps = LadderSteps(options)
    output = try InspectOutput(path)
    write(Self.head)
  }

  func tell(
    _ packet: CapturedPacket, _ bytes: Span<UInt8>, _ connection: ConnectionFacts,
    _ pairing: Pairing?
  ) {
    steps.add(packet, bytes, connection, pairing)
  }

  func tell(_ event: ConnectionEvent, _ stamp: FrameStamp, _ connection: ConnectionFacts) {}

  func tellEnd(_ watch: ProtocolWatch) {
    let width = Self.margin + Self.columnWidth * max(1, steps.names.count)
    let height = Self.rowHeight * (steps.steps.count + 4)
    write(
      "<svg class=\"ladder\" viewBox=\"0 0 \(width) \(height)\" data-width=\"\(width)\" "
        + "data-height=\"\(height)\" data-steps=\"\(steps.steps.count)\">\n")
    for index in steps.names.indices {
      let x = x(index)
      write(
        "<line class=\"life\" x1=\"\(x)\" y1=\"\(Self.rowHeight + 8)\" x2=\"\(x)\" "
          + "y2=\"\(height)\"/>\n")
    }
    for (index, step) in steps.steps.enumerated() { write(drawing(step, row: index)) }
    // Behind the rest, so that nothing is drawn over them when they stay in view.
    write("<g class=\"ends\"><rect width=\"\(width)\" height=\"\(Self.rowHeight + 8)\"/>\n")
    for (index, name) in steps.names.enumerated() {
      // As much as there is room for between two ends; the whole name is in the title.
      let shown = name.shortened(to: Self.columnWidth / Self.letterWidth)
      write(
        "<text class=\"end\" x=\"\(x(index))\" y=\"\(Self.rowHeight)\">"
          + "\(shown.escapedForMarkup)<title>\(name.escapedForMarkup)</title></text>\n")
    }
    write("</g></svg>\n")
    if let remark = steps.remark { write("<p>\(remark.escapedForMarkup)</p>\n") }
    let findings = watch.findings.filter { options.selection.selects($0) }
    if !findings.isEmpty {
      write("<ul>\n")
      for finding in findings.prefix(1000) {
        let text = finding.description.escapedForMarkup
        write("<li class=\"\(finding.severity.name)\">\(text)</li>\n")
      }
      write("</ul>\n")
    }
    steps = LadderSteps(options)
  }

  func finish() {
    write(Self.foot)
    output.flush()
    Terminal.write("page written to \(path)\n", to: STDERR_FILENO)
  }

  private func write(_ text: String) {
    output.buffer.append(utf8: text)
    output.flushIfLarge()
  }

  private func x(_ place: Int) -> Int {
    Self.margin + Self.columnWidth / 3 + place * Self.columnWidth
  }

  private func drawing(_ step: LadderStep, row: Int) -> String {
    let y = Self.rowHeight * (row + 3)
    let (from, to) = (x(step.from), x(step.to))
    let tip = to > from ? to - 7 : to + 7
    let label = step.label(within: abs(to - from) / Self.letterWidth)
    let time = CFormat.text("%.6f", Double(step.elapsedNanoseconds) / 1e9)
    let type = step.type?.name.lowercased() ?? "malformed"
    return
      "<g class=\"step \(type)\"><title>frame \(step.frame): \(step.text.escapedForMarkup)</title>"
      + "<text class=\"time\" x=\"8\" y=\"\(y)\">\(step.frame)</text>"
      + "<text class=\"time\" x=\"60\" y=\"\(y)\">\(time)</text>"
      + "<line x1=\"\(from)\" y1=\"\(y)\" x2=\"\(to)\" y2=\"\(y)\"/>"
      + "<path d=\"M\(to) \(y)L\(tip) \(y - 4)L\(tip) \(y + 4)Z\"/>"
      + "<text class=\"label\" x=\"\((from + to) / 2)\" y=\"\(y - 4)\">\(label.escapedForMarkup)"
      + "</text></g>\n"
  }

  private static let head = """
    <!DOCTYPE html>
    <html lang="en"><head><meta charset="utf-8"><title>MQTT ladder</title><style>
    body { margin: 0; font: 13px system-ui, sans-serif; color: #222; background: #fff }
    header { padding: 6px 10px; border-bottom: 1px solid #ccc }
    svg.ladder { display: block; width: 100%; height: 88vh; cursor: grab; touch-action: none }
    .ends rect { fill: #fff } text { font-size: 12px } text.end { font-weight: bold; text-anchor: middle }
    text.time { fill: #777; font-size: 11px } text.label { text-anchor: middle; font-size: 11px }
    line.life { stroke: #bbb; stroke-dasharray: 4 3 }
    .step line { stroke: #456 } .step path { fill: #456 }
    .publish line { stroke: #06c } .publish path, .publish .label { fill: #06c }
    .malformed line { stroke: #c00 } .malformed path, .malformed .label { fill: #c00 }
    .puback line, .pubrec line, .pubrel line, .pubcomp line { stroke: #084 }
    .puback path, .pubrec path, .pubrel path, .pubcomp path { fill: #084 }
    .step:hover .label { font-weight: bold } li.error { color: #c00 } li.warning { color: #a60 }
    </style></head><body>
    <header><button data-zoom="1.25">+</button> <button data-zoom="0.8">-</button>
    <button data-zoom="full">100 %</button> <button data-zoom="0">all</button> wheel zooms, dragging moves, an arrow tells more</header>

    """

  private static let foot = """
    <script>
    for (const svg of document.querySelectorAll("svg.ladder")) {
      const whole = { x: 0, y: 0, w: +svg.dataset.width, h: +svg.dataset.height };
      svg.setAttribute("preserveAspectRatio", "xMinYMin meet");
      const ends = svg.querySelector(".ends");
      // At first in full size, from the top.
      const full = () => ({ x: 0, y: 0, w: svg.clientWidth, h: svg.clientHeight });
      let view = full();
      let held = null;
      const show = () => {
        svg.setAttribute("viewBox", [view.x, view.y, view.w, view.h].map(Math.round).join(" "));
        ends.setAttribute("transform", `translate(0 ${Math.max(0, Math.round(view.y))})`);
      };
      const zoom = (by, x, y) => {
        x ??= view.x + view.w / 2; y ??= view.y + view.h / 2;
        view = { x: x - (x - view.x) / by, y: y - (y - view.y) / by, w: view.w / by, h: view.h / by };
        show();
      };
      const place = event => new DOMPoint(event.clientX, event.clientY)
        .matrixTransform(svg.getScreenCTM().inverse());
      svg.addEventListener("wheel", event => {
        event.preventDefault();
        const at = place(event);
        zoom(event.deltaY < 0 ? 1.15 : 1 / 1.15, at.x, at.y);
      }, { passive: false });
      svg.addEventListener("pointerdown", event => {
        held = place(event); svg.setPointerCapture(event.pointerId);
      });
      svg.addEventListener("pointermove", event => {
        if (!held) return;
        const at = place(event);
        view.x -= at.x - held.x; view.y -= at.y - held.y;
        show();
      });
      svg.addEventListener("pointerup", () => { held = null; });
      document.querySelector("header").addEventListener("click", event => {
        const by = event.target.dataset.zoom;
        if (by === undefined) return;
        if (+by > 0) return zoom(+by);
        view = by === "full" ? full() : { ...whole };
        show();
      });
      document.addEventListener("keydown", event => {
        const step = view.h / 4;
        if (event.key === "+") zoom(1.25);
        else if (event.key === "-") zoom(0.8);
        else if (event.key === "ArrowDown") { view.y += step; show(); }
        else if (event.key === "ArrowUp") { view.y -= step; show(); }
        else if (event.key === "ArrowLeft") { view.x -= step; show(); }
        else if (event.key === "ArrowRight") { view.x += step; show(); }
        else return;
        event.preventDefault();
      });
      const asked = /zoom=([0-9.]+)/.exec(location.hash);
      if (asked) zoom(+asked[1], 0, 0); else show();
    }
    </script></body></html>

    """
}
