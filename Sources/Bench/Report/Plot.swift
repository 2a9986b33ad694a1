// A plot as SVG: axes with round numbers, lines, an area. Colours are the page's (CSS variables), so
// that light and dark look right, and each line has a title that a pointer over it shows.

import Text

/// One line of a plot.
struct PlotLine {
  var name: String
  /// The number of its colour.
  var colour: Int
  var points: [(x: Double, y: Double)]
  var isFilled = false
}

/// A mark on an axis.
struct PlotMark {
  var value: Double
  var label: String
}

/// A plot of lines, with values already on the scale of the axes.
struct Plot {
  var title: String
  var xTitle: String
  var yTitle: String
  var lines: [PlotLine]
  var xMarks: [PlotMark]
  var yMarks: [PlotMark]

  private static let width = 640.0
  private static let height = 300.0
  private static let left = 74.0
  private static let right = 14.0
  private static let top = 14.0
  private static let bottom = 46.0

  private var xRange: (Double, Double) { Self.range(lines.flatMap { $0.points.map(\.x) }, xMarks) }
  private var yRange: (Double, Double) { Self.range(lines.flatMap { $0.points.map(\.y) }, yMarks) }

  private static func range(_ values: [Double], _ marks: [PlotMark]) -> (Double, Double) {
    let all = values + marks.map(\.value)
    let (low, high) = (all.min() ?? 0, all.max() ?? 1)
    return low == high ? (low, low + 1) : (low, high)
  }

  private func x(_ value: Double) -> Double {
    let (low, high) = xRange
    return Self.left + (value - low) / (high - low) * (Self.width - Self.left - Self.right)
  }

  private func y(_ value: Double) -> Double {
    let (low, high) = yRange
    return Self.height - Self.bottom
      - (value - low) / (high - low) * (Self.height - Self.top - Self.bottom)
  }

  /// The whole figure.
  var html: String {
    var text = "<figure><figcaption>\(title.escapedForMarkup)</figcaption>"
    text += "<svg viewBox=\"0 0 640 300\" role=\"img\" aria-label=\"\(title.escapedForMarkup)\">"
    text += axes
    for line in lines where !line.points.isEmpty { text += path(line) }
    text += "</svg>"
    if lines.count > 1 {
      text += "<p class=\"legend\">"
      for line in lines {
        text +=
          "<span class=\"key c\(line.colour % Page.colourCount)\">"
          + "\(line.name.escapedForMarkup)</span> "
      }
      text += "</p>"
    }
    return text + "</figure>"
  }

  private var axes: String {
    let bottom = Self.height - Self.bottom
    var text = ""
    for mark in yMarks {
      let place = Self.text(y(mark.value))
      text += "<line class=\"grid\" x1=\"\(Self.left)\" x2=\"\(Self.width - Self.right)\" "
      text += "y1=\"\(place)\" y2=\"\(place)\"/>"
      text += "<text class=\"tick\" x=\"\(Self.left - 8)\" y=\"\(Self.text(y(mark.value) + 4))\" "
      text += "text-anchor=\"end\">\(mark.label.escapedForMarkup)</text>"
    }
    for mark in xMarks {
      let place = Self.text(x(mark.value))
      text += "<line class=\"grid\" x1=\"\(place)\" x2=\"\(place)\" y1=\"\(Self.top)\" "
      text += "y2=\"\(bottom)\"/>"
      text += "<text class=\"tick\" x=\"\(place)\" y=\"\(bottom + 17)\" text-anchor=\"middle\">"
      text += "\(mark.label.escapedForMarkup)</text>"
    }
    let middle = Self.left + (Self.width - Self.left - Self.right) / 2
    text += "<text class=\"axis\" x=\"\(middle)\" y=\"\(Self.height - 8)\" "
    text += "text-anchor=\"middle\">\(xTitle.escapedForMarkup)</text>"
    let height = Self.top + (bottom - Self.top) / 2
    text += "<text class=\"axis\" transform=\"translate(14 \(height)) rotate(-90)\" "
    return text + "text-anchor=\"middle\">\(yTitle.escapedForMarkup)</text>"
  }

  private func path(_ line: PlotLine) -> String {
    let points = line.points.map { "\(Self.text(x($0.x))),\(Self.text(y($0.y)))" }
    let colour = "c\(line.colour % Page.colourCount)"
    var text = ""
    if line.isFilled, let first = line.points.first, let last = line.points.last {
      let floor = Self.text(y(yRange.0))
      text += "<polygon class=\"area \(colour)\" points=\"\(Self.text(x(first.x))),\(floor) "
      text += "\(points.joined(separator: " ")) \(Self.text(x(last.x))),\(floor)\"/>"
    }
    text += "<polyline class=\"line \(colour)\" points=\"\(points.joined(separator: " "))\">"
    return text + "<title>\(line.name.escapedForMarkup)</title></polyline>"
  }

  /// A coordinate with one digit behind the point.
  private static func text(_ value: Double) -> String { "\((value * 10).rounded() / 10)" }

  /// Round numbers from 0 to beyond `maximum`.
  static func marks(upTo maximum: Double) -> [PlotMark] {
    let rough = max(maximum, 1e-9) / 5
    var step = 1e-9
    while step * 10 <= rough { step *= 10 }
    for factor in [1.0, 2, 5, 10] where step * factor >= rough {
      step *= factor
      break
    }
    return (0...Int((maximum / step).rounded(.up))).map { number in
      let value = Double(number) * step
      return PlotMark(value: value, label: short(value))
    }
  }

  /// `1.5k`, `3M`.
  static func short(_ value: Double) -> String {
    for (unit, name) in [(1e9, "G"), (1e6, "M"), (1e3, "k")] where value >= unit {
      return trimmed(value / unit) + name
    }
    return trimmed(value)
  }

  private static func trimmed(_ value: Double) -> String {
    let rounded = (value * 100).rounded() / 100
    return rounded == rounded.rounded() ? "\(Int(rounded))" : "\(rounded)"
  }
}
