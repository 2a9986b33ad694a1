// The files of this repository that are made from the tables of options. `mqtt generate DIRECTORY`
// writes them, and a test fails when a committed one differs from what the tables make now.

/// A file made from the tables.
package struct GeneratedFile: Equatable, Sendable {
  /// Within the repository: `man/mqtt.1`.
  package var path: String
  package var contents: String

  /// All of them.
  package static func all() -> [GeneratedFile] {
    [
      GeneratedFile(path: "completions/mqtt.bash", contents: BashCompletion.text()),
      GeneratedFile(path: "completions/mqtt.zsh", contents: ZshCompletion.text()),
      GeneratedFile(path: "completions/mqtt.fish", contents: FishCompletion.text()),
      GeneratedFile(path: "man/mqtt.1", contents: Manual.overview()),
    ]
      + Command.allCases.map {
        GeneratedFile(path: "man/mqtt-\($0.rawValue).1", contents: Manual.page($0))
      }
  }
}
