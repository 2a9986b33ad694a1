// `mqtt generate --install`: the shells find what it wrote by themselves.

import Foundation
import LiveSupport
import Testing

@Suite struct InstalledCompletionTests {
  private let share = TestFolder()

  init() throws {
    #expect(try run([mqttPath, "generate", "--install", share.path]).status == 0)
  }

  private func output(_ arguments: [String], _ environment: [String: String]) throws -> String {
    try run(arguments, environment: environment).output
  }

  @Test func `fish, zsh and man find their files below the share directory`() throws {
    let fish = try output(
      ["fish", "-c", "complete -C 'mqtt pub --wait'"],
      [
        "XDG_DATA_HOME": share.path, "HOME": share.path, "XDG_CONFIG_HOME": share.path,
        // fish completes only what it can run.
        "PATH": "\(productsFolder):/usr/bin:/bin",
      ])
    #expect(fish.hasPrefix("--wait-reply"))
    let zsh = try output(
      [
        "zsh", "-f", "-c",
        "fpath=($SHARE/zsh/site-functions); autoload -Uz +X _mqtt && whence -w _mqtt",
      ],
      ["SHARE": share.path])
    #expect(zsh == "_mqtt: function\n")
    let bash = try output(
      [
        "bash", "--norc", "-c",
        """
        source "$SHARE/bash-completion/completions/mqtt"
        COMP_WORDS=(mqtt sub --qos = ''); COMP_CWORD=4; _mqtt; echo "${COMPREPLY[*]}"
        """,
      ], ["SHARE": share.path])
    #expect(bash == "0 1 2\n")
    let page = share.path("man/man1/mqtt-pub.1")
    #expect(try output(["mandoc", "-T", "lint", "-W", "warning", page], [:]) == "")
  }
}
