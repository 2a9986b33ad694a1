// What a command line becomes.

/// A command line that was understood.
package enum Invocation<Options: Sendable>: Sendable {
  /// Run it; `warnings` are for the user's eyes first.
  case run(Options, warnings: [String])
  case information(InformationRequest)
}
