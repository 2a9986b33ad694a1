// The files of this repository that are made from the tables of options. `mqtt generate DIRECTORY`
// writes them, and a test fails when a committed one differs from what the tables make now. The pages
// of section 7 of the manual are written by hand: it leaves them alone.

/// A file made from the tables.
package struct GeneratedFile: Equatable, Sendable {
  /// Within the repository: `man/mqtt.1`.
  package var path: String
  package var contents: String

  /// Below a share directory, where the program that reads it looks by itself.
  package var installedPath: String {
    switch path {
    case "completions/mqtt.bash": "bash-completion/completions/mqtt"
    case "completions/mqtt.zsh": "zsh/site-functions/_mqtt"
    case "completions/mqtt.fish": "fish/vendor_completions.d/mqtt.fish"
    case let page: "man/man\(page.suffix(1))/\(page.dropFirst("man/".utf8.count))"
    }
  }

  /// All of them.
  package static func all() -> [GeneratedFile] {
    [
      GeneratedFile(path: "completions/mqtt.bash", contents: BashCompletion.text()),
      GeneratedFile(path: "completions/mqtt.zsh", contents: ZshCompletion.text()),
      GeneratedFile(path: "completions/mqtt.fish", contents: FishCompletion.text()),
      GeneratedFile(path: "man/mqtt.1", contents: Manual.overview()),
      GeneratedFile(path: "man/mqtt.conf.5", contents: Manual.configurationFile()),
    ]
      + Command.allCases.map {
        GeneratedFile(path: "man/mqtt-\($0.rawValue).1", contents: Manual.page($0))
      }
  }
}
