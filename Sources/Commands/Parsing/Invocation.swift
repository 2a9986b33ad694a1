// What a command line becomes, and what it may look at on the way besides its words.

/// A command line that was understood.
package enum Invocation<Options: Sendable>: Sendable {
  /// Run it; `warnings` are for the user's eyes first.
  case run(Options, warnings: [String])
  case information(InformationRequest)
}

/// What a command line may look at besides its words.
package struct ParsingContext {
  /// The value of an environment variable.
  package var environment: (String) -> String?
  /// The bytes of a file; nil when there is none that can be read.
  package var fileContents: (String) -> [UInt8]?
  /// The names in a directory; nil when there is none that can be read.
  package var fileNames: (String) -> [String]?

  /// Joins the parts.
  package init(
    environment: @escaping (String) -> String?, fileContents: @escaping (String) -> [UInt8]?,
    fileNames: @escaping (String) -> [String]? = { _ in nil }
  ) {
    self.environment = environment
    self.fileContents = fileContents
    self.fileNames = fileNames
  }
}
