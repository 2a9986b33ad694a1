// What a reader of options may look at beside the words that it is given.

/// What a command line or a configuration file may look at besides its words.
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
