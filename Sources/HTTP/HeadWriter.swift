// Heads that we send.

/// A head that is being written.
package struct HeadWriter {
  private var text: String

  /// Begins a request.
  package init(method: String, target: String) { text = "\(method) \(target) HTTP/1.1\r\n" }

  /// Begins an answer with a code and its words.
  package init(status: String) { text = "HTTP/1.1 \(status)\r\n" }

  /// Adds a field; neither part may hold a line break.
  package mutating func add(_ name: String, _ value: String) { text += "\(name): \(value)\r\n" }

  /// The head with the empty line that ends it.
  package var whole: String { text + "\r\n" }
}
