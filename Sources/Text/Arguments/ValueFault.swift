// Why a value that somebody wrote, on a command line or in a file, is not one that is taken there.

/// Why a value is not one that its option takes.
///
/// It does not know how the option was spelled; who reads options adds that.
package struct ValueFault: Error, Equatable, Sendable {
  /// What was found and what was expected, without a full stop.
  package var problem: String
  /// A whole argument list that would be right; nil takes the example of the option's row.
  package var example: String?
  /// The value with a caret below the place; empty when its place is the whole.
  package var excerpt = ""

  /// Joins the parts.
  package init(_ problem: String, example: String? = nil) {
    self.problem = problem
    self.example = example
  }

  /// A fault within a longer value, which is shown instead of an example.
  package init(_ problem: String, excerpt: String) {
    self.problem = problem
    self.excerpt = excerpt
  }

  /// The value is of another kind than the one named.
  package static func expected(_ what: String) -> ValueFault { ValueFault("expected \(what)") }
}
